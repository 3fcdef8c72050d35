import BridgeContract
import Foundation

/// Reads from a hop until it has answered, and ignores its notices.
final class AnswerWait {
    /// The hop's answer, and the bytes after it, which belong to the flow.
    enum Outcome: Equatable {
        case connected(behind: Data)
        case failed(Reason)
    }

    private let hop: UnixStream
    private let done: (Outcome) -> Void
    private var received: [UInt8] = []

    init(hop: UnixStream, _ done: @escaping (Outcome) -> Void) {
        self.hop = hop
        self.done = done
    }

    func read() {
        hop.read { [self] outcome in
            switch outcome {
            case .data(let data):
                received += data
                judge()
            case .end, .broken: done(.failed("hop-gone"))
            }
        }
    }

    private func judge() {
        while true {
            switch AnswerReader.read(received) {
            case .needMore: return read()
            case .malformed: return done(.failed("hop-malformed"))
            case .complete(let answer, let length):
                received.removeFirst(length)
                switch answer {
                case .connected: return done(.connected(behind: Data(received)))
                case .failed(let reason): return done(.failed(reason))
                default: continue
                }
            }
        }
    }
}

import BridgeContract
import Dispatch
import Foundation

/// Relays bytes between a hop and another end. A direction reads again only when the bytes that it read have been written, so
/// that a slow receiver slows the sender; each direction ends separately (BRIDGE.md, section 4).
final class Relay {
    /// Interval of checks whether a hop that has shut down its direction has closed: no event reports that.
    private static let hangUpInterval = DispatchTimeInterval.milliseconds(100)

    private let hop: UnixStream
    private let other: RelayEnd
    private let queue: DispatchQueue
    private let over: () -> Void
    private var isFromHopOver = false
    private var isToHopOver = false
    private var isOver = false

    /// - Parameter over: called when both ends are closed and the system has released them
    init(hop: UnixStream, other: RelayEnd, queue: DispatchQueue, over: @escaping () -> Void) {
        self.hop = hop
        self.other = other
        self.queue = queue
        self.over = over
    }

    /// - Parameter first: what the hop has sent already
    func start(with first: Data = Data()) {
        if first.isEmpty {
            readFromHop()
        } else {
            toOther(first)
        }
        readFromOther()
    }

    private func readFromHop() {
        hop.read { [self] outcome in
            guard !isOver else { return }
            switch outcome {
            case .data(let data): toOther(data)
            case .end:
                isFromHopOver = true
                if hop.peerHasClosed {
                    end(byReset: true)
                } else {
                    other.endOutput()
                    endIfBothAreOver()
                    watchForHangUp()
                }
            case .broken: end(byReset: true)
            }
        }
    }

    private func toOther(_ data: Data) {
        other.write(data) { [self] isWritten in
            guard !isOver else { return }
            isWritten ? readFromHop() : end(byReset: true)
        }
    }

    private func readFromOther() {
        other.read { [self] outcome in
            guard !isOver else { return }
            switch outcome {
            case .data(let data):
                hop.write(data) { [self] isWritten in
                    guard !isOver else { return }
                    isWritten ? readFromOther() : end(byReset: true)
                }
            case .end:
                isToHopOver = true
                hop.endOutput()
                endIfBothAreOver()
            case .broken: end(byReset: true)
            }
        }
    }

    private func endIfBothAreOver() {
        if isFromHopOver && isToHopOver {
            end(byReset: false)
        }
    }

    private func watchForHangUp() {
        queue.asyncAfter(deadline: .now() + Relay.hangUpInterval) { [self] in
            guard !isOver, !isToHopOver else { return }
            hop.peerHasClosed ? end(byReset: true) : watchForHangUp()
        }
    }

    /// Closes the hop's connection only when the system has released the other end, because the slot is free then. A reset of the
    /// other end becomes a close without a shutdown.
    private func end(byReset: Bool) {
        guard !isOver else { return }
        isOver = true
        hop.stopReading()
        let letGo = { [self] in
            hop.close()
            over()
        }
        byReset ? other.reset(letGo) : other.close(letGo)
    }
}

import BridgeContract
import Dispatch
import Foundation

/// Reads a hop's request, within the time for a header.
final class RequestWait {
    private let hop: UnixStream
    private let done: (HopRequest?) -> Void
    private var received: [UInt8] = []
    private var isOver = false

    /// - Parameter done: called with the request; nil for none
    init(hop: UnixStream, queue: DispatchQueue, _ done: @escaping (HopRequest?) -> Void) {
        self.hop = hop
        self.done = done
        queue.asyncAfter(deadline: .now() + .seconds(Contract.requestSeconds)) { [weak self] in self?.end(nil) }
    }

    func read() {
        hop.read { [self] outcome in
            guard case .data(let data) = outcome else { return end(nil) }
            received += data
            switch RequestReader.read(received) {
            case .needMore: read()
            case .malformed: end(nil)
            // A hop sends no byte of the flow before it has read "connected".
            case .complete(let request, let length): end(length == received.count ? request : nil)
            }
        }
    }

    private func end(_ request: HopRequest?) {
        guard !isOver else { return }
        isOver = true
        hop.stopReading()
        done(request)
    }
}

import BridgeContract
import Dispatch
import Foundation

/// One connection that a hop requested: started, perhaps waiting, connected, relayed, released (BRIDGE.md, "Opening").
final class OpenedConnection {
    private let hop: UnixStream
    private let connection: OutgoingConnection
    private let place: Places.Place
    private let queue: DispatchQueue
    private var isDecided = false

    init(hop: UnixStream, connection: OutgoingConnection, place: Places.Place, queue: DispatchQueue) {
        self.hop = hop
        self.connection = connection
        self.place = place
        self.queue = queue
    }

    func start() {
        // Reads not for bytes, but for the end of input by which the hop abandons the start.
        hop.read { [self] outcome in
            switch outcome {
            case .data: fail("request-malformed")
            case .end, .broken: fail("cancelled")
            }
        }
        connection.start { [self] state in
            switch state {
            case .waiting(let code): wait(code)
            case .ready: connected()
            case .failed(let code): fail(ConnectionTrouble.failure(code))
            }
        }
    }

    private func wait(_ code: POSIXErrorCode?) {
        guard !isDecided else { return }
        switch ConnectionTrouble.of(code) {
        case .ends(let reason): fail(reason)
        case .waits(let reason):
            place.waits = true
            send(.waiting(reason))
        }
    }

    private func connected() {
        guard !isDecided else { return }
        // A hop signs for these addresses, and can't send a header without them.
        guard let addresses = connection.addresses else { return fail("addresses-unknown") }
        isDecided = true
        place.waits = false
        hop.stopReading()
        if connection.carriesIdentity {
            send(.carried)
        }
        send(.addresses(addresses))
        send(.connected)
        Relay(hop: hop, other: connection, queue: queue) { [self] in place.release() }.start()
    }

    /// The system releases the connection first; then the hop gets the reason and sees the end.
    private func fail(_ reason: Reason) {
        guard !isDecided else { return }
        isDecided = true
        hop.stopReading()
        connection.reset { [self] in
            place.release()
            hop.fail(reason)
        }
    }

    private func send(_ answer: Answer) {
        hop.write(Data(answer.encode())) { _ in }
    }
}

extension UnixStream {
    /// Sends the agent's final answer.
    func fail(_ reason: Reason) {
        write(Data(Answer.failed(reason).encode())) { [self] _ in close() }
    }
}

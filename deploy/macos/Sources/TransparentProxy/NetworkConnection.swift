import Agent
import BridgeContract
import Foundation
import Network
import NetworkExtension

/// A connection with Network.framework. It is cancelled once, and released only when the system reports that it has ended.
final class NetworkConnection: OutgoingConnection {
    private static let chunkBytes = 65536

    let carriesIdentity: Bool
    private let connection: NWConnection
    private let queue: DispatchQueue
    private var changed: ((ConnectionState) -> Void)?
    private var letGo: (() -> Void)?
    private var isAtEnd = false

    /// - Parameter flow: its identity goes with the connection, so that the next agent sees the application, not this agent
    /// - Returns: nil for port 0
    init?(to destination: Endpoint, as flow: NEAppProxyFlow?, queue: DispatchQueue) {
        guard let endpoint = Network.NWEndpoint(destination) else { return nil }
        let options = NWProtocolTCP.Options()
        options.noDelay = true
        let parameters = NWParameters(tls: nil, tcp: options)
        // The hop has chosen the destination.
        parameters.preferNoProxies = true
        flow?.setMetadata(on: parameters)
        carriesIdentity = flow != nil
        connection = NWConnection(to: endpoint, using: parameters)
        self.queue = queue
    }

    var addresses: FlowAddresses? {
        guard let source = connection.currentPath?.localEndpoint.flatMap({ Endpoint($0) }),
            let destination = connection.currentPath?.remoteEndpoint.flatMap({ Endpoint($0) })
        else { return nil }
        return FlowAddresses(source: source, destination: destination)
    }

    func start(_ changed: @escaping (ConnectionState) -> Void) {
        self.changed = changed
        connection.stateUpdateHandler = { [self] state in
            switch state {
            case .waiting(let error): self.changed?(.waiting(error.code))
            case .ready: self.changed?(.ready)
            case .failed(let error): self.changed?(.failed(error.code))
            case .cancelled: isOver()
            default: break
            }
        }
        connection.start(queue: queue)
    }

    func read(_ done: @escaping (ReadOutcome) -> Void) {
        guard !isAtEnd else { return queue.async { done(.end) } }
        connection.receive(minimumIncompleteLength: 1, maximumLength: NetworkConnection.chunkBytes) {
            [self] data, _, isComplete, error in
            if let data, !data.isEmpty {
                isAtEnd = isComplete
                done(.data(data))
            } else {
                done(isComplete && error == nil ? .end : .broken)
            }
        }
    }

    func write(_ data: Data, _ done: @escaping (Bool) -> Void) {
        connection.send(content: data, completion: .contentProcessed { error in done(error == nil) })
    }

    func endOutput() {
        connection.send(content: nil, contentContext: .finalMessage, isComplete: true, completion: .contentProcessed { _ in })
    }

    func close(_ done: @escaping () -> Void) {
        letGo = done
        connection.cancel()
    }

    func reset(_ done: @escaping () -> Void) {
        letGo = done
        connection.forceCancel()
    }

    private func isOver() {
        connection.stateUpdateHandler = nil
        changed = nil
        letGo?()
        letGo = nil
    }
}

extension NWError {
    fileprivate var code: POSIXErrorCode? {
        if case .posix(let code) = self {
            return code
        }
        return nil
    }
}

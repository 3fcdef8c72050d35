import BridgeContract
import Foundation

/// The state of a connection that the system opens.
public enum ConnectionState: Equatable, Sendable {
    /// The system retries only when the network changes; the code is nil for an error that isn't a system error.
    case waiting(POSIXErrorCode?)
    case ready
    case failed(POSIXErrorCode?)
}

/// A connection that the agent opens for a hop.
public protocol OutgoingConnection: RelayEnd {
    /// Whether the system reports its originator to the next agent.
    var carriesIdentity: Bool { get }

    /// Its local and its remote address, once it is open.
    var addresses: FlowAddresses? { get }

    /// - Parameter changed: called with each new state
    func start(_ changed: @escaping (ConnectionState) -> Void)
}

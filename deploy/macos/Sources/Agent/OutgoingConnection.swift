import BridgeContract
import Foundation

/// A connection by the system's own means, as far as it has got.
public enum ConnectionState: Equatable, Sendable {
    /// Nothing is tried until something about the network changes; nil for what isn't an error of the system's.
    case waiting(POSIXErrorCode?)
    case ready
    case failed(POSIXErrorCode?)
}

/// A connection that the agent opens for a hop.
public protocol OutgoingConnection: RelayEnd {
    /// Whether the system reports its originator to the next agent.
    var carriesIdentity: Bool { get }

    /// Its own address and its peer's, once it is open.
    var addresses: FlowAddresses? { get }

    /// - Parameter changed: called with each new state
    func start(_ changed: @escaping (ConnectionState) -> Void)
}

import BridgeContract
import Foundation
import Network

extension Endpoint {
    /// - Returns: nil for a name, a service, or anything else that isn't an address
    init?(_ endpoint: Network.NWEndpoint) {
        guard case .hostPort(let host, let port) = endpoint else { return nil }
        switch host {
        case .ipv4(let address): self.init(address: Array(address.rawValue), port: port.rawValue)
        case .ipv6(let address): self.init(address: Array(address.rawValue), port: port.rawValue)
        default: return nil
        }
    }
}

extension Network.NWEndpoint {
    /// - Returns: nil for port 0, to which no connection is possible
    init?(_ endpoint: Endpoint) {
        guard endpoint.port != 0, let port = Network.NWEndpoint.Port(rawValue: endpoint.port) else { return nil }
        let bytes = Data(endpoint.address)
        if let address = IPv4Address(bytes) {
            self = .hostPort(host: .ipv4(address), port: port)
        } else if let address = IPv6Address(bytes) {
            self = .hostPort(host: .ipv6(address), port: port)
        } else {
            return nil
        }
    }
}

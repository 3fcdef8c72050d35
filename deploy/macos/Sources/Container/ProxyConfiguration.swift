import Agent
import Foundation
import NetworkExtension

/// The entry for the proxy in the system's settings.
enum ProxyConfiguration {
    /// The problem with reading it, as a message for an operator.
    struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    /// Reads a property list, and checks it before anything is installed.
    static func read(_ file: URL) throws -> [String: Any] {
        guard
            let values = try PropertyListSerialization.propertyList(from: Data(contentsOf: file), format: nil) as? [String: Any]
        else { throw Problem(description: "\(file.path) isn't a dictionary") }
        _ = try AgentConfiguration(values)
        return values
    }

    static func start(_ values: [String: Any], _ identifier: String) async throws {
        let manager = try await manager(identifier) ?? NETransparentProxyManager()
        if manager.connection.status != .disconnected && manager.connection.status != .invalid {
            // The running extension still has the earlier configuration.
            manager.connection.stopVPNTunnel()
            while manager.connection.status != .disconnected {
                try await Task.sleep(nanoseconds: 100_000_000)
            }
        }
        let proxy = NETunnelProviderProtocol()
        proxy.providerBundleIdentifier = identifier
        proxy.serverAddress = "localhost"
        proxy.providerConfiguration = values
        manager.protocolConfiguration = proxy
        manager.localizedDescription = "Throughline"
        manager.isEnabled = true
        try await manager.saveToPreferences()
        // A saved configuration must be loaded before it can be started.
        try await manager.loadFromPreferences()
        try manager.connection.startVPNTunnel()
    }

    static func stop(_ identifier: String) async throws {
        try await manager(identifier)?.connection.stopVPNTunnel()
    }

    static func remove(_ identifier: String) async throws {
        guard let manager = try await manager(identifier) else { return }
        manager.connection.stopVPNTunnel()
        try await manager.removeFromPreferences()
    }

    private static func manager(_ identifier: String) async throws -> NETransparentProxyManager? {
        try await NETransparentProxyManager.loadAllFromPreferences().first { manager in
            (manager.protocolConfiguration as? NETunnelProviderProtocol)?.providerBundleIdentifier == identifier
        }
    }
}

import Agent
import BridgeContract
import Foundation
import Network
import NetworkExtension
import os

/// The provider that the system starts and stops, and that gets every TCP flow of this Mac. It decides immediately whether to
/// take a flow; `RunningAgent` does the rest.
final class TransparentProxyProvider: NETransparentProxyProvider {
    private let log = Logger(subsystem: RunningAgent.subsystem, category: "provider")
    private let lock = NSLock()
    private var agent: RunningAgent?

    private var running: RunningAgent? {
        get { lock.withLock { agent } }
        set { lock.withLock { agent = newValue } }
    }

    override func startProxy(options: [String: Any]?, completionHandler: @escaping (Error?) -> Void) {
        // Some systems start a provider twice.
        guard running == nil else { return completionHandler(nil) }
        do {
            let values = (protocolConfiguration as? NETunnelProviderProtocol)?.providerConfiguration ?? [:]
            let agent = try RunningAgent(AgentConfiguration(values))
            try agent.start()
            running = agent
        } catch {
            log.error("not started: \(String(describing: error), privacy: .public)")
            return completionHandler(error)
        }
        setTunnelNetworkSettings(TransparentProxyProvider.everyTcpFlow) { [log] error in
            log.notice("started: \(error.map { String(describing: $0) } ?? "every TCP flow", privacy: .public)")
            completionHandler(error)
        }
    }

    override func stopProxy(with reason: NEProviderStopReason, completionHandler: @escaping () -> Void) {
        log.notice("stopped: \(reason.rawValue, privacy: .public)")
        running?.stop()
        running = nil
        completionHandler()
    }

    override func handleNewFlow(_ flow: NEAppProxyFlow) -> Bool {
        guard let agent = running else {
            ApplicationFlow.refuse(flow, .aborted)
            return true
        }
        let token = flow.metaData.sourceAppAuditToken.flatMap { AuditToken(native: Array($0)) }
        switch agent.interception(of: token, isTcp: flow is NEAppProxyTCPFlow) {
        case .leave:
            return false
        case .handOver(let token):
            if let tcp = flow as? NEAppProxyTCPFlow {
                agent.handOver(tcp, of: token)
            }
            return true
        case .refuse:
            log.error("refused: the system doesn't say who opened \(flow, privacy: .public)")
            ApplicationFlow.refuse(flow, .aborted)
            return true
        }
    }

    /// All TCP flows except those to this Mac itself.
    private static var everyTcpFlow: NETransparentProxyNetworkSettings {
        let settings = NETransparentProxyNetworkSettings(tunnelRemoteAddress: "127.0.0.1")
        settings.includedNetworkRules = [
            NENetworkRule(
                remoteNetworkEndpoint: nil, remotePrefix: 0, localNetworkEndpoint: nil, localPrefix: 0, protocol: .TCP,
                direction: .outbound)
        ]
        return settings
    }
}

import Agent
import BridgeContract
import Dispatch
import Foundation
import Network
import NetworkExtension
import os

/// The running agent with one configuration: hand-over, opening, and their shared state, which is confined to one queue.
final class RunningAgent {
    static let subsystem = "dev.throughline.agent"

    /// The configured action that failed, as a message for an operator.
    struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    private let log = Logger(subsystem: RunningAgent.subsystem, category: "flow")
    private let configuration: AgentConfiguration
    private let queue = DispatchQueue(label: "dev.throughline.agent")

    /// Identifies processes, which may read files.
    private let askers = DispatchQueue(label: "dev.throughline.agent.askers", attributes: .concurrent)
    private let programs = Programs()
    private let hopRequirement: CodeRequirement?
    private let leftAlone: [CodeRequirement]
    private let openFlows = OpenFlows<NEAppProxyFlow>()
    private var opening: Opening?

    init(_ configuration: AgentConfiguration) throws {
        self.configuration = configuration
        hopRequirement = try configuration.hopRequirement.map(CodeRequirement.init)
        leftAlone = try configuration.leftAlone.map(CodeRequirement.init)
    }

    func start() throws {
        guard let path = configuration.openingSocket else { return }
        let places = Places(capacity: configuration.capacity ?? RunningAgent.systemsLimit)
        let opening = Opening(
            configuration: configuration, places: places, queue: queue, isHop: { [self] in isHop($0) },
            connect: { [self] in connect(to: $0, as: $1) })
        let isListening = queue.sync {
            self.opening = opening
            return opening.listen(at: path)
        }
        guard isListening else {
            stop()
            throw Problem(description: "openingSocket: can't listen at \(path)")
        }
    }

    func stop() {
        queue.sync {
            opening?.stopListening()
            opening = nil
        }
    }

    private static var systemsLimit: UInt32 {
        let raised = OperatingSystemVersion(majorVersion: 26, minorVersion: 4, patchVersion: 0)
        return ProcessInfo.processInfo.isOperatingSystemAtLeast(raised) ? Places.limitFrom264 : Places.limit
    }

    /// - Parameter token: of the process that opened the flow; nil if the system doesn't report it
    func interception(of token: AuditToken?, isTcp: Bool) -> Interception {
        Interception.of(isTcp: isTcp, token: token, ownPid: UInt32(getpid()), configuration: configuration) { [self] token in
            leftAlone.contains { programs.satisfies(token, $0) }
        }
    }

    func handOver(_ flow: NEAppProxyTCPFlow, of token: AuditToken) {
        askers.async { [self] in
            let originator = programs.originator(token)
            queue.async { [self] in handOver(flow, originator) }
        }
    }

    private func handOver(_ flow: NEAppProxyTCPFlow, _ originator: Originator) {
        let application = ApplicationFlow(flow, queue: queue)
        // The system doesn't report the application's address and port, because it hasn't connected yet.
        guard let destination = Endpoint(flow.remoteFlowEndpoint),
            let addresses = FlowAddresses(source: destination.unspecified, destination: destination)
        else {
            log.error("refused: \(flow, privacy: .public) has no address")
            return application.refuse(.aborted)
        }
        let handle = opening == nil ? nil : openFlows.add(flow)
        let header = HandOverHeader(
            flow: addresses, originator: originator, handle: handle, hostName: flow.remoteHostname.flatMap(HostName.init))
        guard let bytes = header.encode() else {
            forget(handle)
            return application.refuse(.aborted)
        }
        HandOver(
            flow: application, header: bytes, configuration: configuration, queue: queue, isHop: { [self] in isHop($0) },
            over: { [self] reason in
                forget(handle)
                if let reason {
                    log.error("refused: \(reason.text, privacy: .public), pid \(originator.token.pid, privacy: .public)")
                }
            }
        ).start()
    }

    private func forget(_ handle: Handle?) {
        if let handle {
            openFlows.remove(handle)
        }
    }

    private func isHop(_ descriptor: Int32) -> Bool {
        guard let hopRequirement else { return true }
        return UnixPeer.token(descriptor).map { programs.satisfies($0, hopRequirement) } ?? false
    }

    private func connect(to destination: Endpoint, as handle: Handle?) -> OutgoingConnection? {
        guard let handle else { return NetworkConnection(to: destination, as: nil, queue: queue) }
        return openFlows[handle].flatMap { NetworkConnection(to: destination, as: $0, queue: queue) }
    }
}

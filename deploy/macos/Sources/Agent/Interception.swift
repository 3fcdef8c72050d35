import BridgeContract

/// The decision about a flow.
public enum Interception: Equatable, Sendable {
    /// The system handles the flow as if there were no agent.
    case leave

    /// The hop gets the flow; if that fails, it is refused.
    case handOver(AuditToken)

    /// The flow is refused: a flow that can't be described to the hop must not bypass it.
    case refuse

    /// - Parameters:
    ///   - isTcp: other flows are left alone, because a hop accepts TCP only
    ///   - token: of the process that opened it, if the system reports it
    ///   - ownPid: this process's
    ///   - isLeftAlone: whether that process satisfies one of the configuration's requirements
    public static func of(
        isTcp: Bool, token: AuditToken?, ownPid: UInt32, configuration: AgentConfiguration, isLeftAlone: (AuditToken) -> Bool
    ) -> Interception {
        guard isTcp else { return .leave }
        guard let token else { return .refuse }
        if token.pid == ownPid || token.effectiveUser == configuration.hopUser || isLeftAlone(token) {
            return .leave
        }
        return .handOver(token)
    }
}

import BridgeContract

/// What becomes of a flow that the system shows.
public enum Interception: Equatable, Sendable {
    /// The system goes on as if there were no agent.
    case leave

    /// The hop gets it, or nobody.
    case handOver(AuditToken)

    /// Nobody gets it: what can't be told to the hop isn't let through behind its back.
    case refuse

    /// - Parameters:
    ///   - isTcp: everything else is left alone, as a hop takes TCP only
    ///   - token: of the process that opened it, as far as the system says
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

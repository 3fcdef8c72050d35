import BridgeContract

/// The error that an application gets for a refused flow.
public enum ApplicationError: Equatable, Sendable {
    case refused, timedOut, unreachable, aborted

    /// - Parameter reason: the hop's; a reason that isn't a network failure, such as a policy, becomes "aborted"
    public static func of(_ reason: Reason) -> ApplicationError {
        switch reason.text {
        case "connect-refused": return .refused
        case "connect-timeout": return .timedOut
        case "connect-unreachable": return .unreachable
        default: return .aborted
        }
    }
}

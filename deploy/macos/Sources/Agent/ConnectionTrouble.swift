import BridgeContract
import Foundation

/// The reason why a connection isn't open. The system reports it as waiting and retries when the network changes, even if
/// connect(2) would fail; errors that connect(2) would return end the attempt here.
public enum ConnectionTrouble: Equatable, Sendable {
    /// It may still open.
    case waits(Reason)

    /// It has failed.
    case ends(Reason)

    /// - Parameter code: nil for an error that isn't a system error
    public static func of(_ code: POSIXErrorCode?) -> ConnectionTrouble {
        switch code {
        case .ENOMEM?: return .waits("no-memory")
        case .ENETDOWN?: return .waits("network-down")
        case .ECONNREFUSED?, .ECONNRESET?: return .ends("connect-refused")
        case .ETIMEDOUT?: return .ends("connect-timeout")
        case .EHOSTUNREACH?, .ENETUNREACH?, .EHOSTDOWN?, .EADDRNOTAVAIL?: return .ends("connect-unreachable")
        default: return .waits("not-ready")
        }
    }

    /// The reason of a final failure.
    public static func failure(_ code: POSIXErrorCode?) -> Reason {
        switch of(code) {
        case .ends(let reason): return reason
        case .waits where code == .ENOMEM: return "no-memory"
        case .waits: return "connect-failed"
        }
    }
}

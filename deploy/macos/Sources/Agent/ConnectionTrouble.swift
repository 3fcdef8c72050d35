import BridgeContract
import Foundation

/// What keeps a connection from standing. The system calls it waiting, and tries again when something about the network changes,
/// also where connect(2) would fail; what a hop would be told by connect(2) ends the start here as well.
public enum ConnectionTrouble: Equatable, Sendable {
    /// It may yet stand.
    case waits(Reason)

    /// It isn't tried any longer.
    case ends(Reason)

    /// - Parameter code: nil for what isn't an error of the system's
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

    /// Why a connection failed for good.
    public static func failure(_ code: POSIXErrorCode?) -> Reason {
        switch of(code) {
        case .ends(let reason): return reason
        case .waits where code == .ENOMEM: return "no-memory"
        case .waits: return "connect-failed"
        }
    }
}

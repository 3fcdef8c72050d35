import BridgeContract
import Darwin

/// The process at the other end of a Unix socket, as the kernel reports it.
enum UnixPeer {
    /// - Returns: the token of the process that used that end last. A process can pass the descriptor to other processes
    ///   of its user, so the user is checked separately
    static func token(_ descriptor: Int32) -> AuditToken? {
        var bytes = [UInt8](repeating: 0, count: Contract.auditTokenBytes)
        var size = socklen_t(bytes.count)
        guard getsockopt(descriptor, SOL_LOCAL, LOCAL_PEERTOKEN, &bytes, &size) == 0, size == socklen_t(bytes.count) else {
            return nil
        }
        return AuditToken(native: bytes)
    }
}

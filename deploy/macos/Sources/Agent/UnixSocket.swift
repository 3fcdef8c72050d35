import Foundation

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The system calls of Unix stream sockets, with the differences between macOS and Linux.
enum UnixSocket {
    /// Makes a descriptor that doesn't block, isn't inherited, and sends no signal when its peer has closed.
    static func prepare(_ descriptor: Int32) {
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        #if canImport(Darwin)
            var on: Int32 = 1
            setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, &on, socklen_t(MemoryLayout<Int32>.size))
        #endif
    }

    private static func make() -> Int32 {
        #if canImport(Darwin)
            let descriptor = socket(AF_UNIX, SOCK_STREAM, 0)
        #else
            let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        #endif
        if descriptor >= 0 {
            prepare(descriptor)
        }
        return descriptor
    }

    /// - Returns: a descriptor; nil if no process listens, or its queue is full
    static func connect(to path: String) -> Int32? {
        let descriptor = make()
        guard descriptor >= 0 else { return nil }
        guard withAddress(path, { systemConnect(descriptor, $0, $1) }) == 0 else {
            close(descriptor)
            return nil
        }
        return descriptor
    }

    /// Listens at a path, and replaces a socket that an earlier run left there.
    ///
    /// - Parameter user: the user who may connect according to the file's permissions
    /// - Returns: a descriptor; nil if the system refuses
    static func listen(at path: String, for user: UInt32) -> Int32? {
        let descriptor = make()
        guard descriptor >= 0 else { return nil }
        var status = stat()
        if lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK {
            unlink(path)
        }
        // A process that connects before the mode is set is still authenticated.
        guard withAddress(path, { bind(descriptor, $0, $1) }) == 0, chmod(path, 0o600) == 0,
            geteuid() == user || chown(path, user, gid_t.max) == 0, systemListen(descriptor, 1024) == 0
        else {
            close(descriptor)
            return nil
        }
        return descriptor
    }

    /// - Returns: a descriptor, or a negative number and the error
    static func accept(_ listener: Int32) -> (descriptor: Int32, error: Int32) {
        let descriptor = systemAccept(listener, nil, nil)
        return (descriptor, errno)
    }

    /// - Returns: the peer's effective user: as of connect(2) if it connected, as of listen(2) if it listens
    static func peerUser(_ descriptor: Int32) -> UInt32? {
        #if canImport(Darwin)
            var user: uid_t = 0
            var group: gid_t = 0
            return getpeereid(descriptor, &user, &group) == 0 ? user : nil
        #else
            var credentials: (pid: Int32, user: UInt32, group: UInt32) = (0, 0, 0)
            var size = socklen_t(12)
            return getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0 ? credentials.user : nil
        #endif
    }

    static func receive(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> (count: Int, error: Int32) {
        let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
        return (count, errno)
    }

    static func send(_ descriptor: Int32, _ buffer: UnsafeRawBufferPointer) -> (count: Int, error: Int32) {
        #if canImport(Darwin)
            let count = Darwin.send(descriptor, buffer.baseAddress, buffer.count, 0)
        #else
            let count = Glibc.send(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL))
        #endif
        return (count, errno)
    }

    /// Whether the peer has closed: poll(2) for writing reports that on both systems, and not for a peer that only shut down its
    /// direction.
    static func isHungUp(_ descriptor: Int32) -> Bool {
        var asked = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        return poll(&asked, 1, 0) == 1 && asked.revents & Int16(POLLHUP) != 0
    }

    static func shutDownOutput(_ descriptor: Int32) {
        _ = shutdown(descriptor, Int32(SHUT_WR))
    }

    static func close(_ descriptor: Int32) {
        #if canImport(Darwin)
            _ = Darwin.close(descriptor)
        #else
            _ = Glibc.close(descriptor)
        #endif
    }

    static func isTemporary(_ error: Int32) -> Bool {
        error == EAGAIN || error == EWOULDBLOCK || error == EINTR || error == ENOBUFS
    }

    private static func systemConnect(_ descriptor: Int32, _ address: UnsafePointer<sockaddr>, _ size: socklen_t) -> Int32 {
        #if canImport(Darwin)
            return Darwin.connect(descriptor, address, size)
        #else
            return Glibc.connect(descriptor, address, size)
        #endif
    }

    private static func systemListen(_ descriptor: Int32, _ backlog: Int32) -> Int32 {
        #if canImport(Darwin)
            return Darwin.listen(descriptor, backlog)
        #else
            return Glibc.listen(descriptor, backlog)
        #endif
    }

    private static func systemAccept(
        _ descriptor: Int32, _ address: UnsafeMutablePointer<sockaddr>?, _ size: UnsafeMutablePointer<socklen_t>?
    ) -> Int32 {
        #if canImport(Darwin)
            return Darwin.accept(descriptor, address, size)
        #else
            return Glibc.accept(descriptor, address, size)
        #endif
    }

    private static func withAddress(_ path: String, _ call: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        #if canImport(Darwin)
            address.sun_len = UInt8(MemoryLayout<sockaddr_un>.size)
        #endif
        let bytes = Array(path.utf8) + [0]
        guard bytes.count <= MemoryLayout.size(ofValue: address.sun_path) else { return -1 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                call($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}

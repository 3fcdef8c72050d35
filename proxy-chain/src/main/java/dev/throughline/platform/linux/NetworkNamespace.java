package dev.throughline.platform.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** The network namespace of the calling thread (network_namespaces(7)). */
public final class NetworkNamespace {
    private static final int AF_INET = 2;
    private static final int SOCK_DGRAM_CLOEXEC = 2 | 0x80000;
    private static final int SOL_SOCKET = 1;
    private static final int SO_NETNS_COOKIE = 71;

    private NetworkNamespace() {}

    /**
     * Returns the namespace's cookie, which is unique until the host reboots (SO_NETNS_COOKIE, since Linux 5.14).
     *
     * @throws OsException on an older kernel
     */
    public static long cookie() throws OsException {
        Libc libc = new Libc();
        int socket = libc.socket(AF_INET, SOCK_DGRAM_CLOEXEC, 0);
        if (socket < 0) {
            throw libc.failure("socket(AF_INET)");
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment cookie = arena.allocate(JAVA_LONG);
            MemorySegment length = arena.allocateFrom(JAVA_INT, Long.BYTES);
            if (libc.getsockopt(socket, SOL_SOCKET, SO_NETNS_COOKIE, cookie, length) != 0) {
                throw libc.failure("getsockopt(SO_NETNS_COOKIE)");
            }
            return cookie.get(JAVA_LONG, 0);
        } finally {
            libc.close(socket);
        }
    }
}

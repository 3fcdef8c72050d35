package dev.throughline.platform.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A detector of changes of the kernel's routing decisions, from notifications about links, addresses, routes and rules
 * (rtnetlink(7), RTMGRP_*). A lost notification counts as a change. Any message only means that something changed, so
 * the sender doesn't matter. Not thread-safe.
 */
final class RouteChanges implements AutoCloseable {
    private static final int MSG_TRUNC = 0x20;
    /** Links, addresses, routes and rules of IPv4 (bits 0, 4, 6, 7) and of IPv6 (bits 8, 10, 18). */
    private static final int GROUPS = 1 | 1 << 4 | 1 << 6 | 1 << 7 | 1 << 8 | 1 << 10 | 1 << 18;

    private static final int BUFFER_BYTES = 64;
    /** Limits the messages of one call, so that a program that changes routes all the time can't block the caller. */
    private static final int MAX_READ = 64;

    private final Libc libc;
    private final int fd;
    private final MemorySegment buffer = Arena.ofAuto().allocate(BUFFER_BYTES, 8);
    private boolean closed;

    private RouteChanges(Libc libc, int fd) {
        this.libc = libc;
        this.fd = fd;
    }

    static RouteChanges open() throws OsException {
        Libc libc = new Libc();
        return new RouteChanges(libc, NetlinkSocket.subscribe(libc, NetlinkSocket.ROUTE, GROUPS));
    }

    /** Returns whether there were changes since the last call. */
    boolean any() throws OsException {
        if (closed) {
            throw new OsException("recv(AF_NETLINK)", Errno.EBADF);
        }
        boolean changed = false;
        for (int i = 0; i < MAX_READ; i++) {
            if (libc.recv(fd, buffer, BUFFER_BYTES, MSG_TRUNC) < 0 && libc.errno() == Errno.EAGAIN) {
                return changed;
            }
            // An error counts as well: ENOBUFS means that notifications were lost.
            changed = true;
        }
        return changed;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            libc.close(fd);
        }
    }
}

package dev.throughline.os;

import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * What the kernel says of a TCP socket (linux/inet_diag.h, struct inet_diag_msg).
 *
 * @param inode number of the socket's inode, the one in {@code socket:[N]} of proc(5); 0 when no file holds the socket
 * @param uid user who made the socket, as an unsigned 32-bit id; <b>meaningless when {@link #isOrphaned}</b>: the kernel
 *     then says 0 for every user, and root would be blamed for everyone's closed sockets
 * @param cookie number of this socket that is never given again while the host is up
 * @param mark SO_MARK (socket(7)); the kernel tells it only to CAP_NET_ADMIN
 * @param cgroupId id of the socket's cgroup v2, the inode number of its directory
 * @param state TCP state of linux/tcp_states.h, 1 for ESTABLISHED
 * @param bearsHostsAddress whether it can't bear an address that isn't this host's: over IPv4 the kernel connects from another
 *     one only with IP_TRANSPARENT (ip(7)), which it shows; over IPv6 other settings let it too
 */
public record SocketOwner(
        long inode,
        int uid,
        long cookie,
        OptionalInt mark,
        OptionalLong cgroupId,
        int state,
        boolean bearsHostsAddress) {
    /** Whether the application has closed it, so that only the kernel still works on it and nobody owns it. */
    public boolean isOrphaned() {
        return inode == 0;
    }

    /** Returns whether its application can still wait for data: ESTABLISHED, FIN_WAIT1, FIN_WAIT2 or CLOSE_WAIT. */
    public boolean isOpen() {
        return !isOrphaned() && (state == 1 || state == 4 || state == 5 || state == 8);
    }
}

package dev.throughline.platform.linux;

import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * The kernel's information about a TCP socket (linux/inet_diag.h, struct inet_diag_msg).
 *
 * @param inode inode number of the socket, as in {@code socket:[N]} of proc(5); 0 if no file refers to the socket
 * @param uid user who created the socket, unsigned; <b>invalid if {@link #isOrphaned}</b>, since the kernel then
 *     reports 0 for every user
 * @param cookie number of the socket, unique until the host reboots
 * @param mark SO_MARK (socket(7)); reported only to processes with CAP_NET_ADMIN
 * @param cgroupId id of the socket's cgroup v2, the inode number of its directory
 * @param state TCP state of linux/tcp_states.h, 1 for ESTABLISHED
 * @param bearsHostsAddress whether its source address certainly is this host's: over IPv4, a foreign source address
 *     needs IP_TRANSPARENT (ip(7)), which the kernel reports; over IPv6 other settings allow one too
 */
public record SocketOwner(
        long inode,
        int uid,
        long cookie,
        OptionalInt mark,
        OptionalLong cgroupId,
        int state,
        boolean bearsHostsAddress) {
    /** Returns whether the application has closed the socket, so that only the kernel still uses it. */
    public boolean isOrphaned() {
        return inode == 0;
    }

    /** Returns whether its application may still wait for data: ESTABLISHED, FIN_WAIT1, FIN_WAIT2 or CLOSE_WAIT. */
    public boolean isOpen() {
        return !isOrphaned() && (state == 1 || state == 4 || state == 5 || state == 8);
    }
}

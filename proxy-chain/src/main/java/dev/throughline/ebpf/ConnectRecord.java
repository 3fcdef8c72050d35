package dev.throughline.ebpf;

import dev.throughline.header.Bytes;
import dev.throughline.originator.FileId;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * What the kernel noted of whoever called connect(2) or sendmsg(2), in that process's own context: nobody else can be meant.
 *
 * @param cookie of the socket (SO_COOKIE), never given again while the host is up
 * @param pid of the process (thread group), in the first pid namespace
 * @param thread of the thread that called, there
 * @param uid real user id, unsigned
 * @param gid real group id, unsigned
 * @param cgroupId of its cgroup v2: the inode number of the directory
 * @param bootNanos when it called, in nanoseconds since the host started, suspended time included
 * @param networkNamespace cookie of the socket's network namespace (SO_NETNS_COOKIE)
 * @param command name of the process, or of the thread where {@code process} is empty (proc(5), comm): at most 15 bytes, which
 *     the process chooses itself
 * @param process more of the process, where the kernel shows its types
 * @param socket what the socket was when its first SYN left; empty before, where the kernel doesn't show its types, and of one
 *     that was bound to a network device: another may then have the same addresses and ports at the same time
 */
public record ConnectRecord(
        long cookie,
        int pid,
        int thread,
        int uid,
        int gid,
        long cgroupId,
        long bootNanos,
        long networkNamespace,
        Bytes command,
        Optional<Running> process,
        Optional<Made> socket) {

    /**
     * What the process ran when it called.
     *
     * @param effectiveUid the user whose rights the calling thread used, unsigned
     * @param startBootNanos when the process started, on the clock of {@code bootNanos}
     * @param inode number of the executable's inode
     * @param device of the executable's file system, as the kernel counts it: major number above 20 bits of minor number
     * @param ctimeSeconds when the executable was last changed, with its attributes, since 1970
     * @param ctimeNanos the part of a second of that
     */
    public record Running(
            int effectiveUid, long startBootNanos, long inode, int device, long ctimeSeconds, int ctimeNanos) {
        private static final int MINOR_BITS = 20;

        /** The executable's file. */
        public FileId file() {
            return new FileId(device >>> MINOR_BITS, device & ((1 << MINOR_BITS) - 1), inode);
        }

        /** In units of proc(5)'s start times, 10 ms. */
        public long startTicks() {
            return startBootNanos / 10_000_000;
        }
    }

    /**
     * A socket, as it was made.
     *
     * @param uid the user who made it, unsigned
     * @param mark SO_MARK (socket(7)), 0 for none
     */
    public record Made(int uid, int mark) {}

    /** A flag of the kernel's in the nanoseconds: somebody has asked for this time (I_CTIME_QUERIED). */
    private static final int CTIME_QUERIED = 1 << 31;

    static final int PID_TGID = 0;
    static final int UID_GID = 8;
    static final int CGROUP = 16;
    static final int BOOT = 24;
    static final int NETNS = 32;
    static final int COMMAND = 40;
    static final int COMMAND_BYTES = 16;
    static final int START = 56;
    static final int INODE = 64;
    static final int DEVICE = 72;
    static final int CTIME_NANOS = 76;
    static final int CTIME_SECONDS = 80;
    static final int COOKIE = 88;
    static final int EFFECTIVE_UID = 96;
    static final int SOCKET_MARK = 100;
    static final int SOCKET_UID = 104;
    /** 1 if the two before it say something. */
    static final int SOCKET_KNOWN = 108;

    static final int BYTES = 112;

    /** Reads the {@value #BYTES} bytes that {@link ConnectCode} writes. */
    static ConnectRecord read(ByteBuffer in) {
        int end = COMMAND;
        while (end < COMMAND + COMMAND_BYTES && in.get(end) != 0) {
            end++;
        }
        byte[] name = new byte[end - COMMAND];
        in.get(COMMAND, name);
        long start = in.getLong(START);
        return new ConnectRecord(
                in.getLong(COOKIE),
                (int) (in.getLong(PID_TGID) >>> 32),
                (int) in.getLong(PID_TGID),
                (int) in.getLong(UID_GID),
                (int) (in.getLong(UID_GID) >>> 32),
                in.getLong(CGROUP),
                in.getLong(BOOT),
                in.getLong(NETNS),
                Bytes.wrap(name),
                start == 0
                        ? Optional.empty()
                        : Optional.of(new Running(
                                in.getInt(EFFECTIVE_UID),
                                start,
                                in.getLong(INODE),
                                in.getInt(DEVICE),
                                in.getLong(CTIME_SECONDS),
                                in.getInt(CTIME_NANOS) & ~CTIME_QUERIED)),
                in.getInt(SOCKET_KNOWN) == 0
                        ? Optional.empty()
                        : Optional.of(new Made(in.getInt(SOCKET_UID), in.getInt(SOCKET_MARK))));
    }
}

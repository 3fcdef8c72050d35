package dev.throughline.ebpf;

import dev.throughline.header.Bytes;
import dev.throughline.originator.FileId;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * The kernel's record of a caller of connect(2) or sendmsg(2), taken in that process's own context: it is no other process.
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
 * @param parent of the process, where the kernel shows its types
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
        Optional<Parent> parent,
        Optional<Made> socket) {

    /**
     * The file that a process runs.
     *
     * @param inode number of its inode, as the kernel counts it
     * @param device of its file system's super block, as the kernel counts it: major number above 20 bits of minor number
     * @param subvolume of btrfs, the device that stat(2) shows of the file's subvolume, or 0 where that can't be told;
     *     {@code device} elsewhere
     * @param ctimeSeconds when the file was last changed, with its attributes, since 1970
     * @param ctimeNanos the part of a second of that
     */
    public record ProgramFile(long inode, int device, int subvolume, long ctimeSeconds, int ctimeNanos) {
        private static final int MINOR_BITS = 20;

        /** The file, by the numbers that stat(2) shows where they can be told. */
        public FileId id() {
            int shown = subvolume == 0 ? device : subvolume;
            return new FileId(shown >>> MINOR_BITS, shown & ((1 << MINOR_BITS) - 1), inode);
        }
    }

    /**
     * What the process ran when it called.
     *
     * @param effectiveUid the user whose rights the calling thread used, unsigned
     * @param startBootNanos when the process started, on the clock of {@code bootNanos}
     * @param execId how often it and those that it was forked from have called exec(2): pid and start stay, this doesn't
     * @param startStack where its stack begins, field 28 of proc(5)'s stat: the kernel draws another place at each exec(2)
     * @param argumentsStart where its command line begins, field 48 there
     * @param program its executable
     */
    public record Running(
            int effectiveUid,
            long startBootNanos,
            long execId,
            long startStack,
            long argumentsStart,
            ProgramFile program) {
        /** In units of proc(5)'s start times, 10 ms. */
        public long startTicks() {
            return ticks(startBootNanos);
        }
    }

    /**
     * The process's parent when it called: the one that started it, or took it over.
     *
     * @param pid in the first pid namespace
     * @param uid its real user id, unsigned
     * @param startBootNanos when it started
     * @param program its executable; empty for a kernel thread
     */
    public record Parent(int pid, int uid, long startBootNanos, Optional<ProgramFile> program) {
        /** In units of proc(5)'s start times, 10 ms. */
        public long startTicks() {
            return ticks(startBootNanos);
        }
    }

    private static long ticks(long bootNanos) {
        return bootNanos / 10_000_000;
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
    static final int COOKIE = 64;
    static final int EXEC_ID = 72;
    static final int START_STACK = 80;
    static final int ARGUMENTS_START = 88;
    static final int PROGRAM = 96;
    static final int PROGRAM_BYTES = 32;
    static final int EFFECTIVE_UID = 128;
    static final int SOCKET_MARK = 132;
    static final int SOCKET_UID = 136;
    /** 1 if the two before it say something. */
    static final int SOCKET_KNOWN = 140;

    static final int PARENT_START = 144;
    static final int PARENT_PID = 152;
    static final int PARENT_UID = 156;
    static final int PARENT_PROGRAM = 160;

    static final int BYTES = 192;

    /** From the start of each program's part. Its device is noted last: there is none with the number 0. */
    static final int PROGRAM_INODE = 0;

    static final int PROGRAM_CTIME_SECONDS = 8;
    static final int PROGRAM_CTIME_NANOS = 16;
    static final int PROGRAM_SUBVOLUME = 20;
    static final int PROGRAM_DEVICE = 24;

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
                        : program(in, PROGRAM)
                                .map(program -> new Running(
                                        in.getInt(EFFECTIVE_UID),
                                        start,
                                        in.getLong(EXEC_ID),
                                        in.getLong(START_STACK),
                                        in.getLong(ARGUMENTS_START),
                                        program)),
                in.getLong(PARENT_START) == 0
                        ? Optional.empty()
                        : Optional.of(new Parent(
                                in.getInt(PARENT_PID),
                                in.getInt(PARENT_UID),
                                in.getLong(PARENT_START),
                                program(in, PARENT_PROGRAM))),
                in.getInt(SOCKET_KNOWN) == 0
                        ? Optional.empty()
                        : Optional.of(new Made(in.getInt(SOCKET_UID), in.getInt(SOCKET_MARK))));
    }

    private static Optional<ProgramFile> program(ByteBuffer in, int at) {
        int device = in.getInt(at + PROGRAM_DEVICE);
        return device == 0
                ? Optional.empty()
                : Optional.of(new ProgramFile(
                        in.getLong(at + PROGRAM_INODE),
                        device,
                        in.getInt(at + PROGRAM_SUBVOLUME),
                        in.getLong(at + PROGRAM_CTIME_SECONDS),
                        in.getInt(at + PROGRAM_CTIME_NANOS) & ~CTIME_QUERIED));
    }
}

package dev.throughline.identify.ebpf;

import dev.throughline.header.Bytes;
import dev.throughline.originator.FileId;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The kernel's record of a caller of connect(2) or sendmsg(2). It is made in the context of that process, so it can't
 * be of another one.
 *
 * @param cookie of the socket (SO_COOKIE), unique until the host reboots
 * @param pid of the process (thread group), in the initial pid namespace
 * @param thread id of the calling thread, in the initial pid namespace
 * @param uid real user id, unsigned
 * @param gid real group id, unsigned
 * @param cgroupId of its cgroup v2: the inode number of the directory
 * @param bootNanos time of the call, in nanoseconds since the host started, including suspended time
 * @param networkNamespace cookie of the socket's network namespace (SO_NETNS_COOKIE)
 * @param command name of the process, or of the thread if {@code process} is empty (proc(5), comm): at most 15 bytes,
 *     chosen by the process
 * @param process more about the process, if the kernel has type information
 * @param parent the parent process, if the kernel has type information
 * @param socket the socket when its first SYN left; empty before, without type information, and for a socket that is
 *     bound to a network device, since another one may have the same addresses and ports at the same time
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
        Optional<ProcessState> process,
        Optional<Parent> parent,
        Optional<SocketInfo> socket) {

    /**
     * An executable file.
     *
     * @param inode number of its inode in the kernel
     * @param device device of its file system's super block in the kernel's encoding: major number above 20 bits of
     *     minor number
     * @param subvolume on btrfs, the device of the file's subvolume in stat(2), or 0 if unknown; otherwise equal to
     *     {@code device}
     * @param ctimeSeconds time of the last change, including attributes, since 1970
     * @param ctimeNanos nanosecond part of that time
     */
    public record ProgramFile(long inode, int device, int subvolume, long ctimeSeconds, int ctimeNanos) {
        private static final int MINOR_BITS = 20;

        // Written out: the generated ones are slow without the optimizing compiler, and these run for each flow.
        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof ProgramFile that
                    && inode == that.inode
                    && device == that.device
                    && subvolume == that.subvolume
                    && ctimeSeconds == that.ctimeSeconds
                    && ctimeNanos == that.ctimeNanos;
        }

        @Override
        public int hashCode() {
            return 31 * Long.hashCode(inode) + device;
        }

        /** Returns the identity of the file in stat(2), if known. */
        public FileId id() {
            int shown = subvolume == 0 ? device : subvolume;
            return new FileId(shown >>> MINOR_BITS, shown & ((1 << MINOR_BITS) - 1), inode);
        }
    }

    /**
     * The state of the process at the call.
     *
     * @param effectiveUid effective user id of the calling thread, unsigned
     * @param startBootNanos start time of the process, on the clock of {@code bootNanos}
     * @param execId number of exec(2) calls of the process and its ancestors; unlike pid and start time it changes at
     *     each exec(2)
     * @param startStack start of its stack, field 28 of proc(5)'s stat, which the kernel randomises at each exec(2)
     * @param argumentsStart start of its command line, field 48 of stat
     * @param program its executable
     */
    public record ProcessState(
            int effectiveUid,
            long startBootNanos,
            long execId,
            long startStack,
            long argumentsStart,
            ProgramFile program) {
        // Written out, as those of ProgramFile.
        @Override
        public boolean equals(@Nullable Object other) {
            return this == other
                    || (other instanceof ProcessState that
                            && effectiveUid == that.effectiveUid
                            && startBootNanos == that.startBootNanos
                            && execId == that.execId
                            && startStack == that.startStack
                            && argumentsStart == that.argumentsStart
                            && program.equals(that.program));
        }

        @Override
        public int hashCode() {
            return 31 * Long.hashCode(startBootNanos) + Long.hashCode(execId);
        }

        /** Returns the start time in units of proc(5), 10 ms. */
        public long startTicks() {
            return ticks(startBootNanos);
        }
    }

    /**
     * The process's parent at the call: the process that started it or, after reparenting, its reaper.
     *
     * @param pid in the initial pid namespace
     * @param uid real user id, unsigned
     * @param startBootNanos start time
     * @param program its executable; empty for a kernel thread
     */
    public record Parent(int pid, int uid, long startBootNanos, Optional<ProgramFile> program) {
        // Written out, as those of ProgramFile.
        @Override
        public boolean equals(@Nullable Object other) {
            return this == other
                    || (other instanceof Parent that
                            && pid == that.pid
                            && uid == that.uid
                            && startBootNanos == that.startBootNanos
                            && program.equals(that.program));
        }

        @Override
        public int hashCode() {
            return 31 * Long.hashCode(startBootNanos) + pid;
        }

        /** Returns the start time in units of proc(5), 10 ms. */
        public long startTicks() {
            return ticks(startBootNanos);
        }
    }

    private static long ticks(long bootNanos) {
        return bootNanos / 10_000_000;
    }

    /**
     * A socket.
     *
     * @param uid user who created it, unsigned
     * @param mark SO_MARK (socket(7)), 0 for none
     */
    public record SocketInfo(int uid, int mark) {}

    /** A flag of the kernel in the nanoseconds: the time was queried (I_CTIME_QUERIED). */
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
    static final int EFFECTIVE_UID = 128;
    static final int SOCKET_MARK = 132;
    static final int SOCKET_UID = 136;
    /** 1 if the two fields before are valid. */
    static final int SOCKET_KNOWN = 140;

    static final int PARENT_START = 144;
    static final int PARENT_PID = 152;
    static final int PARENT_UID = 156;
    static final int PARENT_PROGRAM = 160;

    static final int BYTES = 192;

    /** Offsets in the part of a program. Its device is written last, so 0 means that there is none. */
    static final int PROGRAM_INODE = 0;

    static final int PROGRAM_CTIME_SECONDS = 8;
    static final int PROGRAM_CTIME_NANOS = 16;
    static final int PROGRAM_SUBVOLUME = 20;
    static final int PROGRAM_DEVICE = 24;

    /** Returns the record of another call by the same process. */
    ConnectRecord again(long otherCookie, long otherBootNanos) {
        return new ConnectRecord(
                otherCookie,
                pid,
                thread,
                uid,
                gid,
                cgroupId,
                otherBootNanos,
                networkNamespace,
                command,
                process,
                parent,
                socket);
    }

    /** Parses the {@value #BYTES} bytes that {@link ConnectCode} writes. */
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
                start == 0 ? Optional.empty() : process(in, start),
                in.getLong(PARENT_START) == 0
                        ? Optional.empty()
                        : Optional.of(new Parent(
                                in.getInt(PARENT_PID),
                                in.getInt(PARENT_UID),
                                in.getLong(PARENT_START),
                                program(in, PARENT_PROGRAM))),
                in.getInt(SOCKET_KNOWN) == 0
                        ? Optional.empty()
                        : Optional.of(new SocketInfo(in.getInt(SOCKET_UID), in.getInt(SOCKET_MARK))));
    }

    private static Optional<ProcessState> process(ByteBuffer in, long start) {
        Optional<ProgramFile> program = program(in, PROGRAM);
        return program.isEmpty()
                ? Optional.empty()
                : Optional.of(new ProcessState(
                        in.getInt(EFFECTIVE_UID),
                        start,
                        in.getLong(EXEC_ID),
                        in.getLong(START_STACK),
                        in.getLong(ARGUMENTS_START),
                        program.get()));
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

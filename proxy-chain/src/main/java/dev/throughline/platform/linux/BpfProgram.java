package dev.throughline.platform.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;

/**
 * A program in the kernel that runs at a hook (bpf(2), linux/bpf.h). It exists as long as a descriptor, a link or a
 * pinned name refers to it.
 */
public final class BpfProgram implements AutoCloseable {
    /** The hook of a program, with its program type and attach type. */
    public enum Hook {
        /** connect(2) to an IPv4 address, in the context of the caller. */
        CONNECT_IPV4(18, 10),
        /** connect(2) to an IPv6 address. */
        CONNECT_IPV6(18, 11),
        /** sendmsg(2) of a datagram to an IPv4 address that it names. */
        SEND_IPV4(18, 14),
        /** sendmsg(2) of a datagram to an IPv6 address that it names. */
        SEND_IPV6(18, 15),
        /** Events of TCP connections. */
        SOCKET_EVENTS(13, 3),
        /** exec(2) of any process of the host, before the first instruction of the new program. */
        EXEC(17, 0),
        /** A packet for a socket, or for one socket of a group that shares a port (SO_ATTACH_REUSEPORT_EBPF, socket(7)). */
        SOCKET_FILTER(1, 0);

        private final int type;
        private final int attach;

        Hook(int type, int attach) {
            this.type = type;
            this.attach = attach;
        }
    }

    /** The kernel reserves some helper functions for programs with a GPL-compatible licence. */
    private static final String LICENCE = "Dual MIT/GPL";

    private static final int LOG_BYTES = 1 << 16;
    private static final int O_RDONLY_DIRECTORY_CLOEXEC = 0x10000 | 0x80000;

    private final int fd;
    private final Hook hook;
    private boolean closed;

    private BpfProgram(int fd, Hook hook) {
        this.fd = fd;
        this.hook = hook;
    }

    /**
     * Loads a program into the kernel, which verifies it.
     *
     * @param tables the tables of the code, by index; the program keeps them alive
     * @param name at most 15 letters, digits and underscores
     * @throws OsException with EPERM without CAP_BPF and CAP_NET_ADMIN, otherwise with the last line of the verifier's
     *     log
     */
    public static BpfProgram load(Hook hook, BpfCode code, List<BpfMap> tables, String name) throws OsException {
        try (Arena arena = Arena.ofConfined()) {
            byte[] bytes = code.toBytes(tables.stream().mapToInt(BpfMap::fd).toArray());
            MemorySegment instructions = arena.allocate(bytes.length, 8);
            MemorySegment.copy(bytes, 0, instructions, JAVA_BYTE, 0, bytes.length);
            Bpf bpf = new Bpf();
            bpf.begin()
                    .set(0, hook.type)
                    .set(4, code.size())
                    .set(8, instructions)
                    .set(16, arena.allocateFrom(LICENCE))
                    .setName(48, name)
                    .set(68, hook.attach);
            int fd = bpf.tryCall(Bpf.PROG_LOAD);
            if (fd < 0 && bpf.errno() != Errno.EPERM) {
                // Loads the program again with a log, to get the reason.
                MemorySegment log = arena.allocate(LOG_BYTES);
                fd = bpf.set(24, 1).set(28, LOG_BYTES).set(32, log).tryCall(Bpf.PROG_LOAD);
                if (fd < 0) {
                    throw new OsException("bpf(PROG_LOAD) of " + name + tail(log), bpf.errno());
                }
            }
            if (fd < 0) {
                throw new OsException("bpf(PROG_LOAD) of " + name, bpf.errno());
            }
            return new BpfProgram(fd, hook);
        }
    }

    /** Returns the descriptor for setsockopt(2), which is valid until this object is closed. */
    public int descriptor() {
        return fd;
    }

    /** Returns the last line of the verifier's log, which has the reason. */
    private static String tail(MemorySegment log) {
        String text = log.getString(0).strip();
        int last = text.lastIndexOf("\nprocessed ");
        String proof = last < 0 ? text : text.substring(0, last);
        return proof.isEmpty() ? "" : ", " + proof.substring(proof.lastIndexOf('\n') + 1);
    }

    /**
     * Attaches the program to a cgroup and its descendants, in addition to programs of others (links imply
     * BPF_F_ALLOW_MULTI).
     *
     * @param cgroup a cgroup v2 directory
     * @return the link that keeps the program attached
     * @throws OsException with EPERM without CAP_BPF and CAP_NET_ADMIN, with EBADF if it isn't a cgroup v2 directory
     */
    public BpfLink attach(Path cgroup) throws OsException {
        Libc libc = new Libc();
        int directory;
        try (Arena arena = Arena.ofConfined()) {
            directory = libc.open(arena.allocateFrom(cgroup.toString()), O_RDONLY_DIRECTORY_CLOEXEC);
            if (directory < 0) {
                throw libc.failure("open(" + cgroup + ")");
            }
        }
        try {
            int link = new Bpf()
                    .begin()
                    .set(0, fd)
                    .set(4, directory)
                    .set(8, hook.attach)
                    .call(Bpf.LINK_CREATE, "bpf(LINK_CREATE) at " + cgroup);
            return new BpfLink(link);
        } finally {
            libc.close(directory);
        }
    }

    /**
     * Attaches a program with {@link Hook#EXEC} to exec(2) of all processes of this host.
     *
     * @return the link that keeps the program attached
     * @throws OsException if the kernel has no such tracepoint, or refuses the program
     */
    public BpfLink traceExec() throws OsException {
        try (Arena arena = Arena.ofConfined()) {
            int link = new Bpf()
                    .begin()
                    .set(0, arena.allocateFrom("sched_process_exec"))
                    .set(8, fd)
                    .call(Bpf.RAW_TRACEPOINT_OPEN, "bpf(RAW_TRACEPOINT_OPEN) of sched_process_exec");
            return new BpfLink(link);
        }
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            new Libc().close(fd);
        }
    }
}

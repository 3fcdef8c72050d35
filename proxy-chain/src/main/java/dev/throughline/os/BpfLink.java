package dev.throughline.os;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/**
 * What keeps a program attached: it is detached when no descriptor and no pinned name refers to its link any more, and so
 * at the latest when this process ends, unless it was pinned.
 */
public final class BpfLink implements AutoCloseable {
    private static final int INFO_BYTES = 32;
    /** Behind type, id and program's id: the cgroup's id (struct bpf_link_info, cgroup.cgroup_id). */
    private static final int CGROUP_AT = 16;

    private final int fd;
    private final Bpf bpf = new Bpf();
    private final MemorySegment info = Arena.ofAuto().allocate(INFO_BYTES, 8);
    private boolean closed;

    BpfLink(int fd) {
        this.fd = fd;
    }

    /**
     * The link that was pinned under a name in a BPF file system.
     *
     * @throws OsException if there is none
     */
    public static BpfLink open(Path pinned) throws OsException {
        return new BpfLink(Bpf.open(pinned));
    }

    /** Gives it a name in a BPF file system, under which it outlives this process. */
    public void pin(Path name) throws OsException {
        Bpf.pin(fd, name);
    }

    /**
     * Whether the program is still attached: a privileged process can detach it (bpf(2), BPF_LINK_DETACH), and removing the group does.
     * Once it isn't, it never is again. A question takes less than a microsecond.
     *
     * @throws OsException if the kernel can't be asked
     */
    public synchronized boolean isAttached() throws OsException {
        if (closed) {
            return false;
        }
        bpf.begin().set(0, fd).set(4, INFO_BYTES).set(8, info).call(Bpf.OBJ_GET_INFO_BY_FD, "bpf(OBJ_GET_INFO_BY_FD)");
        return info.get(JAVA_LONG, CGROUP_AT) != 0;
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            new Libc().close(fd);
        }
    }
}

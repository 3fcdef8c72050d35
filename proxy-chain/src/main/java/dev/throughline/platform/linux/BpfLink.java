package dev.throughline.platform.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/**
 * The attachment of a program. The kernel detaches the program when no descriptor and no pinned name refers to the
 * link: when this process ends, unless the link is pinned.
 */
public final class BpfLink implements AutoCloseable {
    private static final int INFO_BYTES = 32;
    /** Offset of the cgroup's id, after type, id and the program's id (struct bpf_link_info, cgroup.cgroup_id). */
    private static final int CGROUP_AT = 16;

    private final int fd;
    private final Bpf bpf = new Bpf();
    private final MemorySegment info = Arena.ofAuto().allocate(INFO_BYTES, 8);
    private boolean closed;

    BpfLink(int fd) {
        this.fd = fd;
    }

    /**
     * Opens a link that is pinned in a BPF file system.
     *
     * @throws OsException if there is none
     */
    public static BpfLink open(Path pinned) throws OsException {
        return new BpfLink(Bpf.open(pinned));
    }

    /** Pins the link in a BPF file system, so that it outlives this process. */
    public void pin(Path name) throws OsException {
        Bpf.pin(fd, name);
    }

    /**
     * Returns whether the program is still attached. A privileged process can detach it (bpf(2), BPF_LINK_DETACH), and
     * so does removing the cgroup. A detached link stays detached. A call takes less than a microsecond.
     *
     * @throws OsException if the kernel can't be queried
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

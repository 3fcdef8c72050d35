package dev.throughline.os;

import java.nio.file.Path;

/**
 * What keeps a program attached: it is detached when no descriptor and no pinned name refers to its link any more, and so
 * at the latest when this process ends, unless it was pinned.
 */
public final class BpfLink implements AutoCloseable {
    private final int fd;
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

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            new Libc().close(fd);
        }
    }
}

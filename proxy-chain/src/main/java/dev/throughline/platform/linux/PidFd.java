package dev.throughline.platform.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A handle of one process (pidfd_open(2)). A pid can be reused, but a handle always refers to the same process. Data
 * that was read by pid belongs to this process if {@link #pid} still returns that pid afterwards.
 */
public final class PidFd implements AutoCloseable {
    private static final int GONE = -1;
    private static final String PID = "Pid:\t";

    private final int fd;
    private boolean closed;

    /** Takes ownership of a descriptor. */
    public PidFd(int fd) {
        this.fd = fd;
    }

    /**
     * Returns the process's pid in this process's pid namespace; 0 or less if the process has ended or is in another
     * namespace.
     */
    public synchronized int pid() throws IOException {
        if (closed) {
            return GONE;
        }
        for (String line : Files.readAllLines(Path.of("/proc/self/fdinfo/" + fd))) {
            if (line.startsWith(PID)) {
                return Integer.parseInt(line.substring(PID.length()));
            }
        }
        throw new IOException("descriptor " + fd + " is no handle of a process");
    }

    /** Closes the descriptor, at most once: by then the number may belong to another file. */
    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            new Libc().close(fd);
        }
    }
}

package dev.throughline.os;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The kernel's handle of one process (pidfd_open(2)): a pid is given again, a handle stays that of the process it was made
 * for. What was read under a pid is of this process if {@link #pid} still says so afterwards.
 */
public final class PidFd implements AutoCloseable {
    private static final int GONE = -1;
    private static final String PID = "Pid:\t";

    private final int fd;
    private boolean closed;

    /** Takes a descriptor that the kernel gave, and closes it when it is closed. */
    public PidFd(int fd) {
        this.fd = fd;
    }

    /** The process's pid in this process's pid namespace; 0 or less if it has none: it has ended, or is elsewhere. */
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

    /** Once only: closed twice, the number could by then be another file's. */
    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            new Libc().close(fd);
        }
    }
}

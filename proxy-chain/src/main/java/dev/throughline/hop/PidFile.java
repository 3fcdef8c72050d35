package dev.throughline.hop;

import dev.throughline.identify.OwnProcess;
import dev.throughline.originator.ProcessId;
import dev.throughline.platform.linux.FileStatus;
import dev.throughline.platform.linux.NewFile;
import dev.throughline.platform.linux.SafeFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.random.RandomGenerator;

/** The file in which a running hop publishes its pid and start time, by which the next hop on its host recognises it. */
final class PidFile implements AutoCloseable {
    private static final int MODE = 0644;

    private final SafeFile file;
    private final FileStatus written;

    private PidFile(SafeFile file, FileStatus written) {
        this.file = file;
        this.written = written;
    }

    /** Writes the file. It is replaced as a whole, since the next hop must never read half of it. */
    static PidFile write(Path path, RandomGenerator random) throws IOException {
        ProcessId self = OwnProcess.id();
        SafeFile file = SafeFile.own(path);
        try (NewFile next = file.begin("." + Long.toHexString(random.nextLong()), MODE)) {
            next.write(self.pid() + " " + self.startTime() + "\n");
            return new PidFile(file, next.replace());
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /** Deletes the file, unless another process has replaced it. */
    @Override
    public void close() throws IOException {
        try {
            file.deleteIf(written);
        } finally {
            file.close();
        }
    }
}

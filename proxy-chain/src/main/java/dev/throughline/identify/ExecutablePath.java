package dev.throughline.identify;

import dev.throughline.os.PinnedFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;

/** The path by which an executable was started, as the kernel remembers it. */
final class ExecutablePath {
    private static final int MAX_BYTES = 512;
    private static final byte[] DELETED = " (deleted)".getBytes(StandardCharsets.US_ASCII);

    private ExecutablePath() {}

    /**
     * The path, without the " (deleted)" that the kernel appends when the name is gone. A file may really be called so: the
     * suffix is dropped only if the file has no name left, and kept only if that name leads to this file. If neither is
     * so, the path isn't known.
     */
    static Optional<String> of(PinnedFile file, FileVersion key) throws IOException {
        byte[] name = file.name();
        int end = name.length - DELETED.length;
        if (end < 0 || !Arrays.equals(name, end, name.length, DELETED, 0, DELETED.length)) {
            return KernelText.of(name, MAX_BYTES);
        }
        if ((int) Files.getAttribute(file.path(), "unix:nlink") == 0) {
            return KernelText.of(Arrays.copyOf(name, end), MAX_BYTES);
        }
        return leadsTo(name, key) ? KernelText.of(name, MAX_BYTES) : Optional.empty();
    }

    private static boolean leadsTo(byte[] name, FileVersion key) {
        try {
            return FileVersion.of(Path.of(new String(name, StandardCharsets.UTF_8)))
                    .isSameFile(key);
        } catch (IOException | InvalidPathException e) {
            return false;
        }
    }
}

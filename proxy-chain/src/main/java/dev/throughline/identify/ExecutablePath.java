package dev.throughline.identify;

import com.google.common.base.Utf8;
import dev.throughline.originator.ExecutableState;
import dev.throughline.os.PinnedFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;

/**
 * The path by which an executable was started, as the kernel remembers it.
 *
 * @param text empty if it can't be told
 * @param state where it leads now, if not to the executable
 */
record ExecutablePath(Optional<String> text, Optional<ExecutableState> state) {
    /** Nothing is known. */
    static final ExecutablePath UNKNOWN = new ExecutablePath(Optional.empty(), Optional.empty());

    private static final int MAX_BYTES = 512;
    private static final byte[] DELETED = " (deleted)".getBytes(StandardCharsets.US_ASCII);

    /**
     * The path, without the " (deleted)" that the kernel appends when the name is gone. A file may really be called so: the
     * suffix is dropped only if the file has no name left, and kept only if that name leads to this file. If neither is
     * so, the path isn't known.
     *
     * @param root of the process that runs it, in which the path counts
     */
    static ExecutablePath of(PinnedFile file, FileVersion key, Path root) throws IOException {
        byte[] name = file.name();
        int end = name.length - DELETED.length;
        if (end < 0 || !Arrays.equals(name, end, name.length, DELETED, 0, DELETED.length)) {
            return new ExecutablePath(KernelText.of(name, MAX_BYTES), Optional.empty());
        }
        byte[] before = Arrays.copyOf(name, end);
        if ((int) Files.getAttribute(file.path(), "unix:nlink") == 0) {
            return new ExecutablePath(KernelText.of(before, MAX_BYTES), state(root, before));
        }
        return leadsTo(name, key)
                ? new ExecutablePath(KernelText.of(name, MAX_BYTES), Optional.empty())
                : new ExecutablePath(Optional.empty(), state(root, before));
    }

    private static boolean leadsTo(byte[] name, FileVersion key) {
        try {
            return FileVersion.of(Path.of(new String(name, StandardCharsets.UTF_8)))
                    .isSameFile(key);
        } catch (IOException | InvalidPathException e) {
            return false;
        }
    }

    /** Of a name that the kernel says is gone. A link there is another file, wherever it leads. */
    private static Optional<ExecutableState> state(Path root, byte[] name) {
        if (!Utf8.isWellFormed(name)) {
            return Optional.empty();
        }
        try {
            Files.getAttribute(
                    Path.of(root + new String(name, StandardCharsets.UTF_8)), "unix:ino", LinkOption.NOFOLLOW_LINKS);
            return Optional.of(ExecutableState.REPLACED);
        } catch (NoSuchFileException nothingThere) {
            return Optional.of(ExecutableState.DELETED);
        } catch (IOException | InvalidPathException e) {
            return Optional.empty();
        }
    }
}

package dev.throughline.keys;

import dev.throughline.key.KeyFormatException;
import dev.throughline.platform.linux.NewFile;
import dev.throughline.platform.linux.PinnedFile;
import dev.throughline.platform.linux.SafeFile;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * Atomic replacement of a file: a reader sees the old or the new text, never a part. The new text is written to a file
 * beside it, whose name also serves as a lock, so concurrent changes can't overwrite each other. Mode and owner are
 * kept: a key that root changed must remain readable by its hop.
 */
final class FileChange {
    static final Duration PATIENCE = Duration.ofSeconds(5);

    private static final long POLL_MILLIS = 10;
    private static final String SUFFIX = ".new";

    private FileChange() {}

    /** A function from the existing file, if any, to the new text; called while the lock is held. */
    interface Edit {
        String next(Optional<PinnedFile> before) throws IOException, KeyFormatException;
    }

    /** Changes the file at {@code path}, or creates it with {@code mode}. */
    static void of(Path path, int mode, Edit edit) throws IOException, KeyFormatException {
        try (SafeFile file = SafeFile.at(path);
                NewFile next = begin(file, mode)) {
            Optional<PinnedFile> before = file.findRegular();
            try {
                if (before.isPresent()) {
                    next.copyOwnerOf(before.get());
                }
                next.write(edit.next(before));
                next.replace();
            } finally {
                before.ifPresent(PinnedFile::close);
            }
        }
    }

    /** Creates a file; fails if it exists. */
    static void make(Path path, int mode, String text) throws IOException {
        try (SafeFile file = SafeFile.at(path);
                NewFile next = begin(file, mode)) {
            next.write(text);
            next.createTarget();
        }
    }

    private static NewFile begin(SafeFile file, int mode) throws IOException {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            try {
                return file.begin(SUFFIX, mode);
            } catch (FileAlreadyExistsException e) {
                if (System.nanoTime() > end) {
                    throw new FileSystemException(
                            file.path().toString(),
                            e.getFile(),
                            "another command is changing it; if none is running, remove the leftover " + e.getFile());
                }
                pause();
            }
        }
    }

    private static void pause() throws IOException {
        try {
            Thread.sleep(POLL_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }
}

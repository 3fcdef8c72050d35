package dev.throughline.config;

import dev.throughline.key.KeyFormatException;
import dev.throughline.os.NewFile;
import dev.throughline.os.PinnedFile;
import dev.throughline.os.SafeFile;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * The replacement of a file as a whole: a reader sees the old text or the new one, never a part. The new text is written
 * beside the file under a name that one writer at a time can take, so two changes at once happen one after the other, and
 * neither loses what the other wrote. Mode and owner stay: a key that root changed must remain readable for its hop.
 */
final class FileChange {
    static final Duration PATIENCE = Duration.ofSeconds(5);

    private static final long POLL_MILLIS = 10;
    private static final String SUFFIX = ".new";

    private FileChange() {}

    /** What becomes of the very file that is there, if any, while nobody else can change it. */
    interface Edit {
        String next(Optional<PinnedFile> before) throws IOException, KeyFormatException;
    }

    /** Changes the file at {@code path}, or makes it with {@code mode}. */
    static void of(Path path, int mode, Edit edit) throws IOException, KeyFormatException {
        try (SafeFile file = SafeFile.at(path);
                NewFile next = begin(file, mode)) {
            Optional<PinnedFile> before = file.findRegular();
            try {
                if (before.isPresent()) {
                    next.keepOwnerOf(before.get());
                }
                next.write(edit.next(before));
                next.replace();
            } finally {
                before.ifPresent(PinnedFile::close);
            }
        }
    }

    /** Makes a file that isn't there yet. */
    static void make(Path path, int mode, String text) throws IOException {
        try (SafeFile file = SafeFile.at(path);
                NewFile next = begin(file, mode)) {
            next.write(text);
            next.placeNew();
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
                            "another command is changing it; if none is, one was killed: remove " + e.getFile());
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

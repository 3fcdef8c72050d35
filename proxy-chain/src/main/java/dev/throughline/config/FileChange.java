package dev.throughline.config;

import dev.throughline.key.KeyFormatException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Set;

/**
 * The replacement of a file as a whole: a reader sees the old text or the new one, never a part. The new text is written
 * beside the file under a name that one writer at a time can take, so two changes at once happen one after the other, and
 * neither loses what the other wrote. Mode and owner stay: a key that root changed must remain readable for its hop.
 */
final class FileChange {
    static final Duration PATIENCE = Duration.ofSeconds(5);

    private static final long POLL_MILLIS = 10;

    private final Path file;
    private final Path next;

    private FileChange(Path file) throws IOException {
        // Through a symbolic link to what it means: the link isn't ours to replace.
        this.file = Files.exists(file) ? file.toRealPath() : file.toAbsolutePath();
        this.next = this.file.resolveSibling(this.file.getFileName() + ".new");
    }

    /** What becomes of the file; it reads what is there itself, while nobody else can change it. */
    interface Edit {
        String next() throws IOException, KeyFormatException;
    }

    /** Changes {@code file}, or makes it with {@code mode}. */
    static void of(Path file, Set<PosixFilePermission> mode, Edit edit) throws IOException, KeyFormatException {
        FileChange change = new FileChange(file);
        change.begin(Files.exists(change.file) ? Files.getPosixFilePermissions(change.file) : mode);
        boolean replaced = false;
        try {
            change.write(edit.next());
            Files.move(change.next, change.file, StandardCopyOption.ATOMIC_MOVE);
            replaced = true;
        } finally {
            // Once it was moved, the name can be the next writer's.
            if (!replaced) {
                Files.delete(change.next);
            }
        }
    }

    private void begin(Set<PosixFilePermission> mode) throws IOException {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            try {
                Files.createFile(next, PosixFilePermissions.asFileAttribute(mode));
                return;
            } catch (FileAlreadyExistsException e) {
                if (System.nanoTime() > end) {
                    throw new FileSystemException(
                            file.toString(),
                            next.toString(),
                            "another command is changing it; if none is, one was killed: remove " + next);
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

    private void write(String text) throws IOException {
        if (Files.exists(file)) {
            // Again, since the umask may have taken something away.
            Files.setPosixFilePermissions(next, Files.getPosixFilePermissions(file));
            keepOwner("unix:gid");
            keepOwner("unix:uid");
        }
        try (FileChannel channel = FileChannel.open(next, StandardOpenOption.WRITE)) {
            ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
    }

    private void keepOwner(String attribute) throws IOException {
        Object owner = Files.getAttribute(file, attribute);
        if (!owner.equals(Files.getAttribute(next, attribute))) {
            Files.setAttribute(next, attribute, owner);
        }
    }
}

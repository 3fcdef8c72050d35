package dev.throughline.platform.linux;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/**
 * A check that only trusted users can write or replace a file, like sshd's StrictModes: the file, each directory of its
 * path and each followed symbolic link must belong to a trusted user, and no directory may be writable by others.
 * Directories with the sticky bit, such as /tmp, are exempt, since others can't replace foreign files there (inode(7)).
 */
public final class StrictModes {
    private static final int WRITABLE = 0022;
    private static final int STICKY = 01000;
    private static final int PERMISSIONS = 0777;

    private final Set<Integer> trusted;

    private StrictModes(Set<Integer> trusted) {
        this.trusted = trusted;
    }

    /** Trusts root and this process's user. */
    public static StrictModes ofThisProcess() throws IOException {
        return new StrictModes(TrustedUsers.ofThisProcess());
    }

    /** Trusts the owner of the file as well, for commands that root runs for a hop of another user. */
    public static StrictModes ofCommand(Path file) throws IOException {
        Set<Integer> trusted = new HashSet<>(TrustedUsers.ofThisProcess());
        if (OwnUser.uid() == 0 && Files.exists(file)) {
            trusted.add((int) Files.getAttribute(file, "unix:uid"));
        }
        return new StrictModes(Set.copyOf(trusted));
    }

    /**
     * Opens {@code path}.
     *
     * @throws FileSystemException if other users can change the file; the message says how, and what to do
     */
    public PinnedFile open(Path path) throws IOException {
        try (SafeFile file = SafeFile.at(path, trusted, this::checkFolder)) {
            Optional<PinnedFile> found = file.find();
            if (found.isEmpty()) {
                throw new NoSuchFileException(path.toString());
            }
            PinnedFile opened = found.get();
            try {
                FileStatus status = opened.status();
                if (!trusted.contains(status.uid())) {
                    throw refusal(path, path.toString(), status, "who can change it: chown root " + path);
                }
                return opened;
            } catch (IOException e) {
                opened.close();
                throw e;
            }
        }
    }

    /** Returns why untrusted users can write the file; empty if they can't. */
    public static Optional<String> writableByOthers(Path path, PinnedFile file) throws IOException {
        int mode = file.status().mode();
        return (mode & WRITABLE) == 0
                ? Optional.empty()
                : Optional.of("mode " + text(mode) + " lets others write it: chmod go-w " + path);
    }

    private void checkFolder(Path path, PinnedFile folder, FileStatus status) throws IOException {
        String name = SafeFile.nameOf(folder);
        if (!trusted.contains(status.uid())) {
            throw refusal(path, name, status, "who can replace files in it: chown root " + name);
        }
        if ((status.mode() & WRITABLE) != 0 && (status.mode() & STICKY) == 0) {
            throw new FileSystemException(
                    path.toString(),
                    null,
                    "its directory " + name + " has mode " + text(status.mode())
                            + ": others can replace files in it: chmod go-w " + name);
        }
    }

    private static FileSystemException refusal(Path path, String what, FileStatus status, String then) {
        return new FileSystemException(
                path.toString(),
                null,
                what + " belongs to user " + Integer.toUnsignedString(status.uid()) + ", " + then);
    }

    private static String text(int mode) {
        StringBuilder text = new StringBuilder("rwxrwxrwx");
        for (int i = 0; i < 9; i++) {
            if ((mode & PERMISSIONS & 0400 >> i) == 0) {
                text.setCharAt(i, '-');
            }
        }
        return text.toString();
    }
}

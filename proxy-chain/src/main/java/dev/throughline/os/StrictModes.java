package dev.throughline.os;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/**
 * Opens files that nobody but trusted users can have written or replaced, as sshd does with StrictModes: the file, each folder
 * on the way and each symbolic link that is followed belong to a trusted user, and no folder can be written by others. In a
 * folder with the sticky bit, such as /tmp, others can't replace what isn't theirs (inode(7)): it may be written by all.
 */
public final class StrictModes {
    private static final int WRITABLE = 0022;
    private static final int STICKY = 01000;
    private static final int PERMISSIONS = 0777;

    private final Set<Integer> trusted;

    private StrictModes(Set<Integer> trusted) {
        this.trusted = trusted;
    }

    /** Trusts root and this process's own user. */
    public static StrictModes ofThisProcess() throws IOException {
        return new StrictModes(TrustedUsers.ofThisProcess());
    }

    /** Root's commands look at the files of a hop that runs as another user: they trust the owner of the file as well. */
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
     * @throws FileSystemException which says what is open to whom, and what to do, if it is
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

    /** Why others than trusted users can write the very file, if they can. */
    public static Optional<String> writableByOthers(Path path, PinnedFile file) throws IOException {
        int mode = file.status().mode();
        return (mode & WRITABLE) == 0
                ? Optional.empty()
                : Optional.of("mode " + text(mode) + " lets others write it: chmod go-w " + path);
    }

    private void checkFolder(Path path, PinnedFile folder, FileStatus status) throws IOException {
        String name = SafeFile.nameOf(folder);
        if (!trusted.contains(status.uid())) {
            throw refusal(path, name, status, "who can replace what is in it: chown root " + name);
        }
        if ((status.mode() & WRITABLE) != 0 && (status.mode() & STICKY) == 0) {
            throw new FileSystemException(
                    path.toString(),
                    null,
                    "its directory " + name + " has mode " + text(status.mode())
                            + ": others can replace what is in it: chmod go-w " + name);
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

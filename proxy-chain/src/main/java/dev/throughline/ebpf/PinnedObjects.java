package dev.throughline.ebpf;

import dev.throughline.os.FolderLock;
import dev.throughline.os.OwnUser;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Set;

/**
 * A folder of a BPF file system in which the hops of a host share what the kernel notes. Each that uses it holds a shared
 * lock; the last one that leaves removes it. After a crash it stays, and the next hop continues with what is there.
 *
 * <p>It lies in a folder that stays, in which changes are made one after the other. Both are for their owner alone: in one
 * of somebody else's there could be tables that say what he wants to have said, or a lock that is never given up.
 */
final class PinnedObjects implements AutoCloseable {
    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rwx------");

    private final Path folder;
    /** Held while something is made or removed here. */
    private final FolderLock changes;
    /** Held as long as it is used. */
    private final FolderLock use;

    private PinnedObjects(Path folder, FolderLock changes, FolderLock use) {
        this.folder = folder;
        this.changes = changes;
        this.use = use;
    }

    /** What is done while nobody else changes the folder. */
    interface Work<T> {
        T in(Path folder) throws IOException;
    }

    /** What was made or found, and the folder that it is in. */
    record Opened<T>(PinnedObjects pins, T made) {}

    /**
     * Finds what is pinned in the folder {@code name}, or makes it.
     *
     * @param parent in a BPF file system; made if it isn't there
     * @param find throws if it isn't all there
     * @param make pins it
     * @throws IOException if the folder can't be made, is another user's, or {@code make} fails
     */
    static <T> Opened<T> open(Path parent, String name, Work<T> find, Work<T> make) throws IOException {
        createPrivately(parent);
        Path folder = parent.resolve(name);
        FolderLock changes = FolderLock.open(parent);
        try {
            changes.exclusive();
            createPrivately(folder);
            FolderLock use = FolderLock.open(folder);
            try {
                T made = findOrMake(folder, find, make);
                if (!use.tryShared()) {
                    throw new IOException(folder + " is locked by another program");
                }
                changes.release();
                return new Opened<>(new PinnedObjects(folder, changes, use), made);
            } catch (IOException | RuntimeException e) {
                use.close();
                throw e;
            }
        } catch (IOException | RuntimeException e) {
            changes.close();
            throw e;
        }
    }

    private static <T> T findOrMake(Path folder, Work<T> find, Work<T> make) throws IOException {
        try {
            return find.in(folder);
        } catch (IOException incomplete) {
            empty(folder);
            return make.in(folder);
        }
    }

    private static void createPrivately(Path folder) throws IOException {
        try {
            Files.createDirectory(folder, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
        } catch (FileAlreadyExistsException e) {
            Map<String, Object> found =
                    Files.readAttributes(folder, "unix:uid,permissions,isDirectory", LinkOption.NOFOLLOW_LINKS);
            int self = OwnUser.uid();
            boolean mine = Boolean.TRUE.equals(found.get("isDirectory"))
                    && Integer.valueOf(self).equals(found.get("uid"))
                    && found.get("permissions") instanceof Set<?> modes
                    && modes.equals(OWNER_ONLY);
            if (!mine) {
                throw new IOException(folder + " belongs to another user or is open to others", e);
            }
        }
    }

    private static void empty(Path folder) throws IOException {
        try (DirectoryStream<Path> names = Files.newDirectoryStream(folder)) {
            for (Path name : names) {
                Files.delete(name);
            }
        }
    }

    /** Leaves it as it is. */
    void abandon() {
        changes.close();
        use.close();
    }

    /** The last user removes it. */
    @Override
    public void close() throws IOException {
        try (changes;
                use) {
            changes.exclusive();
            if (use.tryExclusive()) {
                empty(folder);
                Files.delete(folder);
            }
        }
    }
}

package dev.throughline.identify.ebpf;

import dev.throughline.platform.linux.FolderLock;
import dev.throughline.platform.linux.OwnUser;
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
 * A directory of a BPF file system in which the hops of a host share their tracing objects. Each user holds a shared
 * lock; the last one removes the directory. After a crash it stays, and the next hop continues with its objects.
 *
 * <p>Its parent directory is permanent and serialises changes with a lock. Both must belong to this user and be closed
 * to others: another user could provide forged tables, or hold the lock for ever.
 */
final class PinnedObjects implements AutoCloseable {
    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rwx------");

    private final Path folder;
    /** Held while objects are created or removed. */
    private final FolderLock changes;
    /** Held while the directory is in use. */
    private final FolderLock use;

    private PinnedObjects(Path folder, FolderLock changes, FolderLock use) {
        this.folder = folder;
        this.changes = changes;
        this.use = use;
    }

    /** An action under the exclusive lock of the parent directory. */
    interface Work<T> {
        T in(Path folder) throws IOException;
    }

    /** The created or found objects, and their directory. */
    record SharedObjects<T>(PinnedObjects pins, T made) {}

    /**
     * Finds the objects in the directory {@code name}, or creates them.
     *
     * @param parent directory in a BPF file system; created if missing
     * @param find opens the pinned objects; throws if one is missing
     * @param make creates and pins the objects
     * @throws IOException if the directory can't be created, belongs to another user, or {@code make} fails
     */
    static <T> SharedObjects<T> open(Path parent, String name, Work<T> find, Work<T> make) throws IOException {
        createForOwnerOnly(parent);
        Path folder = parent.resolve(name);
        FolderLock changes = FolderLock.open(parent);
        try {
            changes.exclusive();
            createForOwnerOnly(folder);
            FolderLock use = FolderLock.open(folder);
            try {
                T made = findOrCreate(folder, find, make);
                if (!use.tryShared()) {
                    throw new IOException(folder + " is locked by another program");
                }
                changes.release();
                return new SharedObjects<>(new PinnedObjects(folder, changes, use), made);
            } catch (IOException | RuntimeException e) {
                use.close();
                throw e;
            }
        } catch (IOException | RuntimeException e) {
            changes.close();
            throw e;
        }
    }

    private static <T> T findOrCreate(Path folder, Work<T> find, Work<T> make) throws IOException {
        try {
            return find.in(folder);
        } catch (IOException incomplete) {
            empty(folder);
            return make.in(folder);
        }
    }

    private static void createForOwnerOnly(Path folder) throws IOException {
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

    /** Releases the directory; the last user removes it. */
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

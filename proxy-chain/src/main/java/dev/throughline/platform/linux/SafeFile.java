package dev.throughline.platform.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.Set;

/**
 * A file to write or delete, as a name relative to an open directory. Later changes of the path have no effect, so a
 * user with write access to a directory of the path can't redirect writes of root. A symbolic link in the path is
 * followed only if it belongs to root or this process's user. Not thread-safe.
 */
public final class SafeFile implements AutoCloseable {
    private static final int O_NEW_CLOEXEC = 1 | 0x40 | 0x80 | 0x80000;
    private static final int O_RDONLY_CLOEXEC = 0x80000;
    private static final int PATH_MAX = 4096;
    private static final int MAX_LINKS = 40;

    private static final int S_IFMT = 0170000;
    private static final int S_IFDIR = 0040000;
    private static final int S_IFREG = 0100000;
    private static final int S_IFLNK = 0120000;
    private static final int S_IFSOCK = 0140000;

    private final Libc libc = new Libc();
    private final Path path;
    private final PinnedFile folder;
    private final String name;

    private SafeFile(Path path, PinnedFile folder, String name) {
        this.path = path;
        this.folder = folder;
        this.name = name;
    }

    /**
     * Returns the file that {@code path} refers to, following links of root and this process's user.
     *
     * @throws IOException if its directory doesn't exist
     */
    public static SafeFile at(Path path) throws IOException {
        return at(path, TrustedUsers.ofThisProcess(), (any, folder, status) -> {});
    }

    /** The requirement for each directory of the path, starting with the root. */
    interface FolderRule {
        void check(Path path, PinnedFile folder, FileStatus status) throws IOException;
    }

    /**
     * Returns the file that {@code path} refers to, following links of these users only, through directories that
     * satisfy a rule.
     */
    static SafeFile at(Path path, Set<Integer> linkOwners, FolderRule rule) throws IOException {
        return new Walk(path, true, false, linkOwners, rule).file();
    }

    /** Returns the file with this name, never the target of a link. Creates missing directories. */
    public static SafeFile own(Path path) throws IOException {
        return new Walk(path, false, true, TrustedUsers.ofThisProcess(), (any, folder, status) -> {}).file();
    }

    /** Returns the status of the existing file, link, socket or other object. */
    public Optional<PinnedFile> find() throws IOException {
        return find(name);
    }

    Optional<PinnedFile> find(String other) throws IOException {
        return open(folder, other, path);
    }

    /**
     * Opens the existing regular file.
     *
     * @throws IOException if it is something else, or has further hard links, since one may be an attack on another
     *     file
     */
    public Optional<PinnedFile> findRegular() throws IOException {
        Optional<PinnedFile> found = find();
        if (found.isPresent()) {
            FileStatus status = found.get().status();
            if (type(status) != S_IFREG || status.links() > 1) {
                found.get().close();
                throw new FileSystemException(
                        path.toString(),
                        null,
                        type(status) == S_IFREG
                                ? "it has " + status.links() + " hard links: replace it by a copy"
                                : "not a regular file");
            }
        }
        return found;
    }

    /** Returns whether this is the file of a socket (unix(7)). */
    static boolean isSocket(FileStatus status) {
        return type(status) == S_IFSOCK;
    }

    static String nameOf(PinnedFile file) throws IOException {
        return new String(file.name(), StandardCharsets.UTF_8);
    }

    private static int type(FileStatus status) {
        return status.mode() & S_IFMT;
    }

    /**
     * Starts writing new content to a file beside this one, named with {@code suffix}. Only one writer can have that
     * name.
     *
     * @throws java.nio.file.FileAlreadyExistsException if another writer has it
     */
    public NewFile begin(String suffix, int mode) throws IOException {
        String next = name + suffix;
        try (Arena arena = Arena.ofConfined()) {
            int fd = libc.openat(
                    folder.descriptor(), arena.allocateFrom(next), O_NEW_CLOEXEC | PinnedFile.O_NOFOLLOW, mode & 0600);
            if (fd < 0) {
                throw libc.failure("openat").about(path.resolveSibling(next));
            }
            NewFile made = new NewFile(this, next, fd);
            try {
                // Sets the mode again because the umask may have cleared bits.
                made.chmod(mode);
                return made;
            } catch (IOException e) {
                made.close();
                throw e;
            }
        }
    }

    /** Replaces this file with another file of its directory. */
    void replaceBy(String next) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            int at = folder.descriptor();
            check(libc.renameat(at, arena.allocateFrom(next), at, arena.allocateFrom(name)), "renameat");
        }
        sync();
    }

    /** Links another file of this directory to this name, if the name is free. */
    void linkAs(String next) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            int at = folder.descriptor();
            check(libc.linkat(at, arena.allocateFrom(next), at, arena.allocateFrom(name), 0), "linkat");
        }
        sync();
    }

    /** Deletes the file of any type except a directory. */
    public void delete() throws IOException {
        delete(name);
    }

    /** Deletes the file if it still has the device and inode of {@code status}. */
    public void deleteIf(FileStatus status) throws IOException {
        Optional<PinnedFile> found = find();
        if (found.isEmpty()) {
            return;
        }
        try (PinnedFile there = found.get()) {
            FileStatus now = there.status();
            if (now.inode() == status.inode() && now.device() == status.device()) {
                delete();
            }
        }
    }

    void delete(String other) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            int result = libc.unlinkat(folder.descriptor(), arena.allocateFrom(other), 0);
            if (result != 0 && libc.errno() != Errno.ENOENT) {
                throw libc.failure("unlinkat").about(path.resolveSibling(other));
            }
        }
    }

    /**
     * Syncs the directory, so that the name survives a power failure. Not every file system and directory supports it.
     */
    private void sync() {
        try (Arena arena = Arena.ofConfined()) {
            int fd = libc.openat(folder.descriptor(), arena.allocateFrom("."), O_RDONLY_CLOEXEC, 0);
            if (fd >= 0) {
                libc.fsync(fd);
                libc.close(fd);
            }
        }
    }

    private void check(int result, String call) throws IOException {
        if (result != 0) {
            throw libc.failure(call).about(path);
        }
    }

    /** Returns the path of its directory without symbolic links. */
    public Path folder() throws IOException {
        return Path.of(nameOf(folder));
    }

    /** Returns the original path. */
    public Path path() {
        return path;
    }

    @Override
    public void close() {
        folder.close();
    }

    private static Optional<PinnedFile> open(PinnedFile folder, String name, Path path) throws IOException {
        Libc libc = new Libc();
        try (Arena arena = Arena.ofConfined()) {
            int fd = libc.openat(
                    folder.descriptor(),
                    arena.allocateFrom(name),
                    PinnedFile.O_PATH_CLOEXEC | PinnedFile.O_NOFOLLOW,
                    0);
            if (fd >= 0) {
                return Optional.of(new PinnedFile(libc, fd));
            }
            if (libc.errno() == Errno.ENOENT) {
                return Optional.empty();
            }
            throw libc.failure("openat").about(path);
        }
    }

    /** A walk along the path from the root to the directory of a file. */
    private static final class Walk {
        private final Path path;
        private final boolean followFile;
        private final boolean make;
        private final Libc libc = new Libc();
        private final Deque<String> rest = new ArrayDeque<>();
        private final Set<Integer> linkOwners;
        private final FolderRule rule;
        private PinnedFile here;
        private int links;

        Walk(Path path, boolean followFile, boolean make, Set<Integer> linkOwners, FolderRule rule) throws IOException {
            this.path = path;
            this.followFile = followFile;
            this.make = make;
            this.linkOwners = linkOwners;
            this.rule = rule;
            this.here = PinnedFile.open("/");
            path.toAbsolutePath().forEach(name -> rest.add(name.toString()));
        }

        SafeFile file() throws IOException {
            try {
                rule.check(path, here, here.status());
                while (true) {
                    if (rest.isEmpty()) {
                        throw new FileSystemException(path.toString(), null, "is a directory");
                    }
                    String name = rest.remove();
                    boolean last = rest.isEmpty();
                    if (last && !followFile) {
                        return new SafeFile(path, here, name);
                    }
                    Optional<PinnedFile> found = open(here, name, path);
                    if (last && (found.isEmpty() || type(found.get().status()) != S_IFLNK)) {
                        found.ifPresent(PinnedFile::close);
                        return new SafeFile(path, here, name);
                    }
                    enter(found.isPresent() ? found.get() : made(name));
                }
            } catch (IOException | RuntimeException e) {
                here.close();
                throw e;
            }
        }

        private PinnedFile made(String name) throws IOException {
            try (Arena arena = Arena.ofConfined()) {
                if (!make) {
                    throw new java.nio.file.NoSuchFileException(path.toString());
                }
                if (libc.mkdirat(here.descriptor(), arena.allocateFrom(name), 0755) != 0
                        && libc.errno() != Errno.EEXIST) {
                    throw libc.failure("mkdirat").about(path);
                }
            }
            return open(here, name, path).orElseThrow(() -> new java.nio.file.NoSuchFileException(path.toString()));
        }

        private void enter(PinnedFile found) throws IOException {
            FileStatus status = found.status();
            switch (type(status)) {
                case S_IFDIR -> {
                    setFolder(found);
                    rule.check(path, found, status);
                }
                case S_IFLNK -> {
                    try (found) {
                        follow(found, status);
                    }
                }
                default -> {
                    try (found) {
                        throw new NotDirectoryException(nameOf(found));
                    }
                }
            }
        }

        private void setFolder(PinnedFile folder) {
            here.close();
            here = folder;
        }

        private void follow(PinnedFile link, FileStatus status) throws IOException {
            if (!linkOwners.contains(status.uid()) || status.links() > 1) {
                throw new FileSystemException(
                        path.toString(),
                        null,
                        nameOf(link) + " is a symbolic link of user " + Integer.toUnsignedString(status.uid())
                                + " and is not followed: use the path of its target");
            }
            if (++links > MAX_LINKS) {
                throw new OsException("openat", Errno.ELOOP);
            }
            Path target = Path.of(target(link));
            for (int i = target.getNameCount() - 1; i >= 0; i--) {
                rest.addFirst(target.getName(i).toString());
            }
            if (target.isAbsolute()) {
                setFolder(PinnedFile.open("/"));
            }
        }

        private String target(PinnedFile link) throws IOException {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment target = arena.allocate(PATH_MAX);
                long length = libc.readlinkat(link.descriptor(), arena.allocateFrom(""), target, PATH_MAX);
                if (length < 0) {
                    throw libc.failure("readlinkat");
                }
                return new String(target.asSlice(0, length).toArray(JAVA_BYTE), StandardCharsets.UTF_8);
            }
        }
    }
}

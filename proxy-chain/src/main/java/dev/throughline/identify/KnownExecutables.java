package dev.throughline.identify;

import com.google.common.cache.Cache;
import com.google.common.cache.CacheBuilder;
import dev.throughline.header.Bytes;
import dev.throughline.originator.FileId;
import dev.throughline.platform.linux.Mounts;
import dev.throughline.platform.linux.OsException;
import dev.throughline.platform.linux.PinnedFile;
import dev.throughline.platform.linux.PinnedFile.Reach;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Executables by what the kernel says of them, for processes that are gone: where others were seen to run them, and in the
 * usual folders, first under the process's name, then under any. A file that isn't exactly the one that ran is never taken
 * for it, and each is looked up again in this process's own mount namespace: when a file system is gone, another one may get
 * its device.
 *
 * <p>For one thread.
 */
final class KnownExecutables {
    private static final int MAX_REMEMBERED = 4096;
    private static final List<String> FOLDERS =
            List.of("/usr/bin", "/usr/local/bin", "/usr/sbin", "/usr/local/sbin", "/bin", "/sbin");
    /** Listing the folders takes some 20 ms, and processes can cause it. */
    private static final long REST_NANOS = TimeUnit.SECONDS.toNanos(5);
    /** The kernel cuts names of processes here: a longer one isn't a name of a file. */
    private static final int MAX_NAME_BYTES = 15;

    /**
     * An executable.
     *
     * @param file by the numbers that stat(2) shows
     * @param digest SHA-256, perhaps still on its way
     */
    record Executable(Optional<String> path, Optional<FileId> file, CompletableFuture<Optional<Bytes>> digest) {
        static final Executable UNKNOWN =
                new Executable(Optional.empty(), Optional.empty(), CompletableFuture.completedFuture(Optional.empty()));
    }

    private final ExecutableDigests digests;
    private final BoundedReads reads;
    private final LongSupplier nanoTime;
    /** The files of the usual folders by their inodes, as they were a while ago at most. */
    private final Map<String, Map<Long, Path>> byInode = new ConcurrentHashMap<>();

    private CompletableFuture<Void> listing = CompletableFuture.completedFuture(null);
    private long listedAt;
    private final Cache<ExecutableId, Path> seen =
            CacheBuilder.newBuilder().maximumSize(MAX_REMEMBERED).build();

    KnownExecutables(ExecutableDigests digests, BoundedReads reads) {
        this(digests, reads, System::nanoTime);
    }

    KnownExecutables(ExecutableDigests digests, BoundedReads reads, LongSupplier nanoTime) {
        this.digests = digests;
        this.reads = reads;
        this.nanoTime = nanoTime;
        this.listedAt = nanoTime.getAsLong() - REST_NANOS;
    }

    /** An executable was seen to run, and {@code path} led to it. */
    void remember(ExecutableId id, String path) {
        seen.put(id, Path.of(path));
    }

    /**
     * The executable with this id, of a process that the kernel called {@code name}.
     *
     * @param user who asks for the hash, unsigned
     */
    CompletableFuture<Executable> find(ExecutableId id, Bytes name, long user) {
        List<Path> elsewhere = new ArrayList<>();
        for (Path path : candidates(id, name)) {
            try {
                Optional<PinnedFile> file = open(path, Reach.IN_MEMORY_BY_LINKS);
                if (file.isEmpty()) {
                    elsewhere.add(path);
                    continue;
                }
                Optional<Executable> found = ifIs(file.get(), id, user);
                if (found.isPresent()) {
                    return CompletableFuture.completedFuture(found.get());
                }
            } catch (IOException notHere) {
                // The next one.
            }
        }
        CompletableFuture<Optional<Executable>> searched = CompletableFuture.completedFuture(Optional.empty());
        for (Path path : elsewhere) {
            searched = searched.thenCompose(
                    found -> found.isPresent() ? CompletableFuture.completedFuture(found) : at(path, id, user));
        }
        CompletableFuture<Void> listed = listed(id);
        return searched.thenCompose(found -> found.isPresent()
                        ? CompletableFuture.completedFuture(found)
                        : listed.thenCompose(_ -> listedPath(id)
                                .map(path -> at(path, id, user))
                                .orElse(CompletableFuture.completedFuture(Optional.empty()))))
                .thenApply(found -> found.orElse(Executable.UNKNOWN));
    }

    /** Where it was seen; and where a process is called as its executable is, nothing needs to be listed. */
    private SequencedSet<Path> candidates(ExecutableId id, Bytes name) {
        SequencedSet<Path> candidates = new LinkedHashSet<>();
        Path before = seen.getIfPresent(id);
        if (before != null) {
            candidates.add(before);
        }
        Optional<String> file = EscapedText.of(name.toByteArray(), MAX_NAME_BYTES - 1);
        if (file.isPresent() && !file.get().contains("/") && !file.get().isEmpty()) {
            FOLDERS.forEach(folder -> candidates.add(Path.of(folder, file.get())));
        }
        return candidates;
    }

    /** Lists the usual folders, so that the first who is looked for needn't wait for that. */
    void prepare() {
        listedAt = nanoTime.getAsLong();
        listing = CompletableFuture.allOf(FOLDERS.stream().map(this::listed).toArray(CompletableFuture<?>[]::new));
    }

    /** Each folder by itself: one may lie on a file system that hangs. One that takes too long is of use to those who come later. */
    private CompletableFuture<Boolean> listed(String folder) {
        return reads.read(
                "the directory " + folder,
                () -> {
                    byInode.put(folder, list(folder));
                    return true;
                },
                false);
    }

    private CompletableFuture<Void> listed(ExecutableId id) {
        if (listedPath(id).isEmpty() && nanoTime.getAsLong() - listedAt >= REST_NANOS) {
            prepare();
        }
        return listing;
    }

    private Optional<Path> listedPath(ExecutableId id) {
        return FOLDERS.stream()
                .flatMap(folder -> Optional.ofNullable(
                        byInode.getOrDefault(folder, Map.of()).get(id.inode()))
                        .stream())
                .findFirst();
    }

    private static Map<Long, Path> list(String folder) throws IOException {
        Map<Long, Path> found = new HashMap<>();
        // A file is opened without following links, such as that of /bin.
        try (DirectoryStream<Path> files =
                Files.newDirectoryStream(Path.of(folder).toRealPath())) {
            for (Path file : files) {
                inode(file).ifPresent(inode -> found.putIfAbsent(inode, file));
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        return found;
    }

    /** That of the file itself: where a link leads may hang. */
    private static Optional<Long> inode(Path file) {
        try {
            return Optional.of((Long) Files.getAttribute(file, "unix:ino", LinkOption.NOFOLLOW_LINKS));
        } catch (IOException goneMeanwhile) {
            return Optional.empty();
        }
    }

    private static Optional<PinnedFile> open(Path path, Reach reach) throws OsException {
        return PinnedFile.openBy(Optional.empty(), bytes(path), reach);
    }

    private static byte[] bytes(Path path) {
        return path.toString().getBytes(StandardCharsets.UTF_8);
    }

    /** The executable at {@code path}, if it is this one, by whatever file systems must be asked. */
    private CompletableFuture<Optional<Executable>> at(Path path, ExecutableId id, long user) {
        return reads.read(
                HostPaths.place(bytes(path)),
                () -> {
                    Optional<PinnedFile> file = open(path, Reach.ANYWHERE);
                    return file.isPresent() ? ifIs(file.get(), id, user) : Optional.empty();
                },
                Optional.empty());
    }

    private Optional<Executable> ifIs(PinnedFile pinned, ExecutableId id, long user) throws IOException {
        try {
            ExecutableFile file = ExecutableFile.of(pinned);
            Optional<Mounts.FileSystem> fileSystem = file.fileSystem("self");
            if (fileSystem.isEmpty()
                    || !ExecutableId.of(file, fileSystem.get()).equals(id)
                    || pinned.status().links() == 0) {
                pinned.close();
                return Optional.empty();
            }
            Optional<String> path = ExecutablePath.current(pinned.name()).text();
            path.ifPresent(text -> remember(id, text));
            return Optional.of(new Executable(
                    path, Optional.of(file.version().id()), digests.of(pinned, file, fileSystem.get(), user)));
        } catch (IOException | RuntimeException e) {
            pinned.close();
            throw e;
        }
    }
}

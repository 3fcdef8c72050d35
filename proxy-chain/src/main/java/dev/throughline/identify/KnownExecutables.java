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
 * A lookup of executables by the kernel's id, for processes that have ended: at paths where others ran them, and in the usual
 * directories, first under the process's name, then under any. Only the exact file version counts, and each is looked up again
 * in this process's own mount namespace: when a file system is unmounted, another one may get its device.
 *
 * <p>Confined to one thread.
 */
final class KnownExecutables {
    private static final int MAX_REMEMBERED = 4096;
    private static final List<String> FOLDERS =
            List.of("/usr/bin", "/usr/local/bin", "/usr/sbin", "/usr/local/sbin", "/bin", "/sbin");
    /** Listing the directories takes about 20 ms, and any process can cause it. */
    private static final long REST_NANOS = TimeUnit.SECONDS.toNanos(5);
    /** The kernel truncates names of processes to this size, so a name of this size may not be the file's. */
    private static final int MAX_NAME_BYTES = 15;

    /**
     * An executable.
     *
     * @param file its numbers in stat(2)
     * @param digest SHA-256, which may not be complete yet
     */
    record Executable(Optional<String> path, Optional<FileId> file, CompletableFuture<Optional<Bytes>> digest) {
        static final Executable UNKNOWN =
                new Executable(Optional.empty(), Optional.empty(), CompletableFuture.completedFuture(Optional.empty()));
    }

    private final ExecutableDigests digests;
    private final BoundedReads reads;
    private final LongSupplier nanoTime;
    /** The files of the usual directories by inode, as of the last listing. */
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

    /** Records that an executable ran and {@code path} led to it. */
    void remember(ExecutableId id, String path) {
        seen.put(id, Path.of(path));
    }

    /**
     * Returns the executable with this id, of a process with this name.
     *
     * @param user the user on whose behalf it is hashed, unsigned
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
                Optional<Executable> found = ifMatches(file.get(), id, user);
                if (found.isPresent()) {
                    return CompletableFuture.completedFuture(found.get());
                }
            } catch (IOException notHere) {
                // Try the next one.
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

    /** Returns paths to try: where it ran before, and where a file has the process's name, which needs no listing. */
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

    /** Lists the usual directories in advance, so that the first lookup needn't wait. */
    void prepare() {
        listedAt = nanoTime.getAsLong();
        listing = CompletableFuture.allOf(FOLDERS.stream().map(this::listed).toArray(CompletableFuture<?>[]::new));
    }

    /**
     * Lists one directory: each separately, since it may be on a file system that hangs. A late result serves later lookups.
     */
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
        // Files are opened without following links, such as /bin.
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

    /** Returns the inode of the file itself: following a link may hang. */
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

    /** Returns the executable at {@code path}, if it is the wanted one. Accesses file systems. */
    private CompletableFuture<Optional<Executable>> at(Path path, ExecutableId id, long user) {
        return reads.read(
                HostPaths.fileSystemOf(bytes(path)),
                () -> {
                    Optional<PinnedFile> file = open(path, Reach.ANYWHERE);
                    return file.isPresent() ? ifMatches(file.get(), id, user) : Optional.empty();
                },
                Optional.empty());
    }

    private Optional<Executable> ifMatches(PinnedFile pinned, ExecutableId id, long user) throws IOException {
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

package dev.throughline.identify;

import com.google.common.cache.Cache;
import com.google.common.cache.CacheBuilder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.LongSupplier;

/**
 * The paths of version 2 cgroups by their ids, which are the inode numbers of their directories and never reused. A cgroup that
 * is neither cached nor the current one of its process is searched for among all, at most once in {@link #REST}: otherwise each
 * deleted cgroup would cost a search. Confined to one thread.
 */
final class CgroupPaths {
    /** A search of a large tree takes about a tenth of this time. */
    static final Duration REST = Duration.ofMillis(100);

    private static final int MAX_REMEMBERED = 16_384;
    private static final int MAX_VISITED = 16_384;

    private final Path root;
    private final LongSupplier nanoTime;
    private final Cache<Long, CgroupName> known =
            CacheBuilder.newBuilder().maximumSize(MAX_REMEMBERED).build();
    private OptionalLong searchedAt = OptionalLong.empty();

    /**
     * Creates a cache for the hierarchy that is mounted at {@code root}.
     *
     * @param nanoTime as {@link System#nanoTime}
     */
    CgroupPaths(Path root, LongSupplier nanoTime) {
        this.root = root;
        this.nanoTime = nanoTime;
    }

    /**
     * Returns the cgroup with this id, with its path as in /proc/PID/cgroup; empty if it doesn't exist, or can't be searched
     * for yet.
     *
     * @param near the current path of its process, checked first
     */
    Optional<CgroupName> find(long id, Optional<String> near) {
        if (known.getIfPresent(id) == null && !isAt(near, id) && maySearch()) {
            searchAll();
        }
        return Optional.ofNullable(known.getIfPresent(id));
    }

    private boolean isAt(Optional<String> near, long id) {
        // Directories above our own root (cgroup_namespaces(7)) have unrelated inode numbers.
        if (near.isEmpty() || near.get().startsWith("/..")) {
            return false;
        }
        try {
            remember(Path.of(root + near.get()));
        } catch (InvalidPathException notOurEncoding) {
            return false;
        }
        return known.getIfPresent(id) != null;
    }

    private boolean maySearch() {
        return searchedAt.isEmpty() || nanoTime.getAsLong() - searchedAt.getAsLong() >= REST.toNanos();
    }

    private void searchAll() {
        try {
            Files.walkFileTree(root, new SimpleFileVisitor<>() {
                private int visited;

                @Override
                public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes)
                        throws IOException {
                    remember(folder);
                    return visited++ < MAX_VISITED ? FileVisitResult.CONTINUE : FileVisitResult.TERMINATE;
                }

                @Override
                public FileVisitResult visitFileFailed(Path file, IOException goneMeanwhile) {
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (IOException e) {
            // Keeps the directories that were read before.
        }
        searchedAt = OptionalLong.of(nanoTime.getAsLong());
    }

    private void remember(Path folder) {
        try {
            long id = (long) Files.getAttribute(folder, "unix:ino");
            known.put(id, CgroupName.of(("/" + root.relativize(folder)).getBytes(StandardCharsets.UTF_8)));
        } catch (IOException goneMeanwhile) {
            // The path has been deleted.
        }
    }
}

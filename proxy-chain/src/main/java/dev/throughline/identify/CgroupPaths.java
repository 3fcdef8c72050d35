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
 * Control groups of version 2 by their ids, which are the inode numbers of their directories and never given again. A group
 * that isn't known, nor is where its process is, is searched for among all, at most once in {@link #REST}: groups that are
 * gone would cost a search each. For one thread.
 */
final class CgroupPaths {
    /** A search of a large tree takes about a tenth of it. */
    static final Duration REST = Duration.ofMillis(100);

    private static final int MAX_REMEMBERED = 16_384;
    private static final int MAX_VISITED = 16_384;

    private final Path root;
    private final LongSupplier nanoTime;
    private final Cache<Long, CgroupName> known =
            CacheBuilder.newBuilder().maximumSize(MAX_REMEMBERED).build();
    private OptionalLong searchedAt = OptionalLong.empty();
    private int searches;

    /**
     * Of the hierarchy that is mounted at {@code root}.
     *
     * @param nanoTime {@link System#nanoTime}, or a test's
     */
    CgroupPaths(Path root, LongSupplier nanoTime) {
        this.root = root;
        this.nanoTime = nanoTime;
    }

    /**
     * The group with this id, with its path as /proc/PID/cgroup has it; empty if it is gone, or can't be searched for yet.
     *
     * @param near where its process is now; the group is there if the directory has this id
     */
    Optional<CgroupName> find(long id, Optional<String> near) {
        if (known.getIfPresent(id) == null && !isAt(near, id) && maySearch()) {
            searchAll();
        }
        return Optional.ofNullable(known.getIfPresent(id));
    }

    /** How often all groups were searched. */
    int searches() {
        return searches;
    }

    private boolean isAt(Optional<String> near, long id) {
        // Above our own root (cgroup_namespaces(7)) are other directories, whose numbers mean other things.
        if (near.isEmpty() || near.get().startsWith("/..")) {
            return false;
        }
        try {
            Path folder = Path.of(root + near.get());
            if ((long) Files.getAttribute(folder, "unix:ino") != id) {
                return false;
            }
            remember(folder);
            return known.getIfPresent(id) != null;
        } catch (IOException | InvalidPathException e) {
            return false;
        }
    }

    private boolean maySearch() {
        return searchedAt.isEmpty() || nanoTime.getAsLong() - searchedAt.getAsLong() >= REST.toNanos();
    }

    private void searchAll() {
        searches++;
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
            // What was read until then is known.
        }
        searchedAt = OptionalLong.of(nanoTime.getAsLong());
    }

    private void remember(Path folder) {
        try {
            long id = (long) Files.getAttribute(folder, "unix:ino");
            known.put(id, CgroupName.of(("/" + root.relativize(folder)).getBytes(StandardCharsets.UTF_8)));
        } catch (IOException goneMeanwhile) {
            // It has no path any more.
        }
    }
}

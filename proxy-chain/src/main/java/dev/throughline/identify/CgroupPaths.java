package dev.throughline.identify;

import com.google.common.cache.Cache;
import com.google.common.cache.CacheBuilder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Optional;

/**
 * The paths of control groups of version 2 by their ids, which are the inode numbers of their directories and never given
 * again. For one thread.
 */
final class CgroupPaths {
    private static final int MAX_REMEMBERED = 16_384;
    private static final int MAX_VISITED = 16_384;
    private static final int MAX_PATH_BYTES = 256;

    private final Path root;
    private final Cache<Long, String> known =
            CacheBuilder.newBuilder().maximumSize(MAX_REMEMBERED).build();

    /** Of the hierarchy that is mounted at {@code root}. */
    CgroupPaths(Path root) {
        this.root = root;
    }

    /** The path of a group, as /proc/PID/cgroup has it; empty if it is gone and was never asked for before. */
    Optional<String> find(long id) {
        String path = known.getIfPresent(id);
        if (path == null) {
            readAll();
            path = known.getIfPresent(id);
        }
        return Optional.ofNullable(path);
    }

    private void readAll() {
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
    }

    private void remember(Path folder) {
        try {
            long id = (long) Files.getAttribute(folder, "unix:ino");
            String path = "/" + root.relativize(folder);
            KernelText.of(path.getBytes(StandardCharsets.UTF_8), MAX_PATH_BYTES).ifPresent(text -> known.put(id, text));
        } catch (IOException goneMeanwhile) {
            // It has no path any more.
        }
    }
}

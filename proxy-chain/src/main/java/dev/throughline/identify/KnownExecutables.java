package dev.throughline.identify;

import com.google.common.cache.Cache;
import com.google.common.cache.CacheBuilder;
import dev.throughline.header.Bytes;
import dev.throughline.os.PinnedFile;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Executables by what the kernel says of them, for processes that are gone: those that others were seen to run, and those
 * that the usual folders hold, first under the process's name, then under any. A file that isn't exactly the one that ran is
 * never taken for it. For one thread.
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
     * @param digest SHA-256, perhaps still on its way
     */
    record Executable(Optional<String> path, CompletableFuture<Optional<Bytes>> digest) {
        static final Executable UNKNOWN =
                new Executable(Optional.empty(), CompletableFuture.completedFuture(Optional.empty()));
    }

    private final ExecutableDigests digests;
    private final LongSupplier nanoTime;
    private Map<Long, Path> byInode = Map.of();
    private long listedAt;
    private final Cache<ExecutableId, Executable> known =
            CacheBuilder.newBuilder().maximumSize(MAX_REMEMBERED).build();

    KnownExecutables(ExecutableDigests digests) {
        this(digests, System::nanoTime);
    }

    KnownExecutables(ExecutableDigests digests, LongSupplier nanoTime) {
        this.digests = digests;
        this.nanoTime = nanoTime;
        this.listedAt = nanoTime.getAsLong() - REST_NANOS;
    }

    void remember(ExecutableId id, Executable executable) {
        known.put(id, executable);
    }

    /** The executable with this id, of a process that the kernel called {@code name}. */
    Executable find(ExecutableId id, Bytes name) {
        Executable found = known.getIfPresent(id);
        if (found != null) {
            return found;
        }
        Optional<Executable> searched = byName(id, name).or(() -> byInode(id));
        searched.ifPresent(executable -> known.put(id, executable));
        return searched.orElse(Executable.UNKNOWN);
    }

    /** Where a process is called as its executable is, nothing needs to be listed. */
    private Optional<Executable> byName(ExecutableId id, Bytes name) {
        Optional<String> file = KernelText.of(name.toByteArray(), MAX_NAME_BYTES - 1);
        if (file.isEmpty() || file.get().contains("/")) {
            return Optional.empty();
        }
        return FOLDERS.stream()
                .map(folder -> at(Path.of(folder, file.get()), id))
                .flatMap(Optional::stream)
                .findFirst();
    }

    private Optional<Executable> byInode(ExecutableId id) {
        if (!byInode.containsKey(id.inode()) && nanoTime.getAsLong() - listedAt >= REST_NANOS) {
            byInode = listed();
            listedAt = nanoTime.getAsLong();
        }
        return Optional.ofNullable(byInode.get(id.inode())).flatMap(path -> at(path, id));
    }

    private static Map<Long, Path> listed() {
        Map<Long, Path> found = new HashMap<>();
        for (String folder : FOLDERS) {
            try (DirectoryStream<Path> files = Files.newDirectoryStream(Path.of(folder))) {
                for (Path file : files) {
                    inode(file).ifPresent(inode -> found.putIfAbsent(inode, file));
                }
            } catch (IOException | DirectoryIteratorException notHere) {
                // The next folder.
            }
        }
        return found;
    }

    private static Optional<Long> inode(Path file) {
        try {
            return Optional.of((Long) Files.getAttribute(file, "unix:ino"));
        } catch (IOException goneMeanwhile) {
            return Optional.empty();
        }
    }

    /** The executable at {@code path}, if it is this one. */
    private Optional<Executable> at(Path path, ExecutableId id) {
        try {
            return ExecutableId.of(FileVersion.of(path)).equals(id)
                    ? Optional.of(read(path.toRealPath(), id))
                    : Optional.empty();
        } catch (IOException notHere) {
            return Optional.empty();
        }
    }

    private Executable read(Path path, ExecutableId id) throws IOException {
        PinnedFile file = PinnedFile.open(path.toString());
        try {
            FileVersion version = FileVersion.of(file.path());
            if (!ExecutableId.of(version).equals(id)) {
                throw new IOException(path + " is another file now");
            }
            return new Executable(ExecutablePath.of(file, version, Path.of("/")).text(), digests.of(file, version));
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }
}

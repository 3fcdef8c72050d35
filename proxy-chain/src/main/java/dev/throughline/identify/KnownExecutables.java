package dev.throughline.identify;

import com.google.common.cache.Cache;
import com.google.common.cache.CacheBuilder;
import dev.throughline.header.Bytes;
import dev.throughline.os.PinnedFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * Executables by what the kernel says of them, for processes that are gone: those that others were seen to run, and those
 * that the usual folders hold under the process's name. A file that isn't exactly the one that ran is never taken for it.
 * For one thread.
 */
final class KnownExecutables {
    private static final int MAX_REMEMBERED = 4096;
    private static final List<String> FOLDERS =
            List.of("/usr/bin", "/usr/local/bin", "/usr/sbin", "/usr/local/sbin", "/bin", "/sbin");
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
    private final Cache<ExecutableId, Executable> known =
            CacheBuilder.newBuilder().maximumSize(MAX_REMEMBERED).build();

    KnownExecutables(ExecutableDigests digests) {
        this.digests = digests;
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
        Optional<Executable> searched = search(id, name);
        searched.ifPresent(executable -> known.put(id, executable));
        return searched.orElse(Executable.UNKNOWN);
    }

    private Optional<Executable> search(ExecutableId id, Bytes name) {
        Optional<String> file = KernelText.of(name.toByteArray(), MAX_NAME_BYTES - 1);
        if (file.isEmpty() || file.get().contains("/")) {
            return Optional.empty();
        }
        for (String folder : FOLDERS) {
            try {
                Path candidate = Path.of(folder, file.get());
                if (ExecutableId.of(FileVersion.of(candidate)).equals(id)) {
                    return Optional.of(read(candidate.toRealPath(), id));
                }
            } catch (IOException notHere) {
                // The next folder.
            }
        }
        return Optional.empty();
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

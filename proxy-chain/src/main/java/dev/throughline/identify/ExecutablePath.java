package dev.throughline.identify;

import dev.throughline.originator.ExecutableState;
import dev.throughline.platform.linux.Mounts;
import dev.throughline.platform.linux.PinnedFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * The path of an executable, in this host's own mount namespaces: it leads to this very file there, or led there until the
 * name was given to another file or to none.
 *
 * @param text empty if it can't be told
 * @param state where it leads now, if not to the executable
 */
record ExecutablePath(Optional<String> text, Optional<ExecutableState> state) {
    /** Nothing is known. */
    static final ExecutablePath UNKNOWN = new ExecutablePath(Optional.empty(), Optional.empty());

    private static final int MAX_BYTES = 512;
    private static final byte[] DELETED = " (deleted)".getBytes(StandardCharsets.US_ASCII);

    /**
     * The path, without the " (deleted)" that the kernel appends when the name is gone. A file may really be called so: the
     * suffix is dropped only if the file has no name left, and kept only if that name leads to this file. If neither is
     * so, the path isn't known; nor is it if the name was given in a mount namespace in which a user gives any file any name.
     */
    static CompletableFuture<ExecutablePath> of(
            PinnedFile pinned, ExecutableFile file, Mounts.FileSystem fileSystem, HostPaths paths) throws IOException {
        byte[] name = pinned.name();
        int end = name.length - DELETED.length;
        if (end < 0 || !Arrays.equals(name, end, name.length, DELETED, 0, DELETED.length)) {
            return paths.leadsTo(name, file, fileSystem).thenApply(leads -> leads ? current(name) : UNKNOWN);
        }
        byte[] before = Arrays.copyOf(name, end);
        boolean isOurs = HostPaths.hold(file);
        if (pinned.status().links() == 0) {
            return isOurs
                    ? paths.stateOf(before, file)
                            .thenApply(state -> new ExecutablePath(EscapedText.of(before, MAX_BYTES), state))
                    : CompletableFuture.completedFuture(UNKNOWN);
        }
        return paths.leadsTo(name, file, fileSystem).thenCompose(leads -> {
            if (leads) {
                return CompletableFuture.completedFuture(current(name));
            }
            return isOurs
                    ? paths.stateOf(before, file).thenApply(state -> new ExecutablePath(Optional.empty(), state))
                    : CompletableFuture.completedFuture(UNKNOWN);
        });
    }

    /** That of a file to which {@code name} leads. */
    static ExecutablePath current(byte[] name) {
        return new ExecutablePath(EscapedText.of(name, MAX_BYTES), Optional.empty());
    }
}

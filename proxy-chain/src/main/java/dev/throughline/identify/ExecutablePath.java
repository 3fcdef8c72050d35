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
 * The path of an executable in this host's own mount namespaces. It refers to this file there, or did so until the name was
 * removed or given to another file.
 *
 * @param text the path; empty if unknown
 * @param state what has become of the path, if it no longer leads to the executable
 */
record ExecutablePath(Optional<String> text, Optional<ExecutableState> state) {
    /** An unknown path. */
    static final ExecutablePath UNKNOWN = new ExecutablePath(Optional.empty(), Optional.empty());

    private static final int MAX_BYTES = 512;
    private static final byte[] DELETED = " (deleted)".getBytes(StandardCharsets.US_ASCII);

    /**
     * Returns the path without the " (deleted)" that the kernel appends when the name was removed. A file name may really end
     * so: the suffix is dropped only if the file has no name left, and kept only if that name leads to this file. Otherwise the
     * path is unknown. So it is if the name belongs to a mount namespace in which a user can give any file any name.
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

    /** Returns the path of a file to which {@code name} leads now. */
    static ExecutablePath current(byte[] name) {
        return new ExecutablePath(EscapedText.of(name, MAX_BYTES), Optional.empty());
    }
}

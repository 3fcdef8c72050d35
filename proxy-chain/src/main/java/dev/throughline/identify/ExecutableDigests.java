package dev.throughline.identify;

import com.google.common.cache.Cache;
import com.google.common.cache.CacheBuilder;
import dev.throughline.header.Bytes;
import dev.throughline.platform.linux.Mounts;
import dev.throughline.platform.linux.PinnedFile;
import dev.throughline.platform.linux.ThreadPriority;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongUnaryOperator;

/**
 * SHA-256 digests of executables, computed by user in turns and cached while the file is unchanged. The pinned inode is read,
 * so neither a file that replaced it at its path nor a program that ran in between has an effect.
 *
 * <p>Digests of fs-verity aren't used: they are hashes of a tree, not of the bytes, so no sha256 of a policy equals them.
 */
final class ExecutableDigests implements AutoCloseable {
    /** Larger files aren't hashed. */
    static final long MAX_FILE_BYTES = 1L << 30;

    private static final int MAX_REMEMBERED = 4096;
    private static final int MAX_TYPE_BYTES = 64;
    /** The deadline for one slice. */
    private static final Duration DEADLINE = Duration.ofSeconds(10);
    /** Twice the usual time of a slice. */
    private static final Duration PATIENCE = Duration.ofMillis(100);
    /**
     * A third of the processor while another task is busy: with less, programs on a busy machine would stay without a digest.
     */
    private static final int NICE = 5;

    private final Cache<FileVersion, Bytes> digests =
            CacheBuilder.newBuilder().maximumSize(MAX_REMEMBERED).build();
    private final LongUnaryOperator owners;
    private final BoundedReads reads;
    private final HashQueue queue;

    /** @param owners returns the user who has an id as a subordinate one, or the id itself */
    ExecutableDigests(LongUnaryOperator owners) {
        this.owners = owners;
        this.reads = new BoundedReads(
                DEADLINE,
                ThreadPriority.nice(
                        NICE,
                        Thread.ofPlatform()
                                .name("executable-digest-", 0)
                                .daemon()
                                .factory()));
        this.queue = new HashQueue(this::slice, PATIENCE);
    }

    /**
     * Returns the digest of {@code pinned}, which is {@code file}; empty if it can't be computed, or if readers may get other
     * bytes than those that run. Closes the file afterwards.
     *
     * @param user the user on whose behalf it is hashed, unsigned
     */
    CompletableFuture<Optional<Bytes>> of(
            PinnedFile pinned, ExecutableFile file, Mounts.FileSystem fileSystem, long user) throws IOException {
        // Checked before the cache: another file system may have had this device, inode and time.
        if (!ExecutableFile.hasOneContent(fileSystem) || file.version().size() > MAX_FILE_BYTES) {
            pinned.close();
            return CompletableFuture.completedFuture(Optional.empty());
        }
        Bytes known = digests.getIfPresent(file.version());
        if (known != null) {
            pinned.close();
            return CompletableFuture.completedFuture(Optional.of(known));
        }
        return queue.add(owners.applyAsLong(user), new FileHash(pinned, file.version()), target(fileSystem));
    }

    private static String target(Mounts.FileSystem fileSystem) {
        return "the file system " + (fileSystem.device() >>> 20) + ":" + (fileSystem.device() & 0xF_FFFF) + " ("
                + EscapedText.of(fileSystem.type().getBytes(StandardCharsets.ISO_8859_1), MAX_TYPE_BYTES)
                        .orElse("")
                + ")";
    }

    private CompletableFuture<HashQueue.Slice> slice(String target, FileHash file) {
        return reads.read(
                target,
                () -> {
                    if (!file.readSlice()) {
                        return HashQueue.Slice.MORE;
                    }
                    file.result().ifPresent(digest -> digests.put(file.version(), digest));
                    return HashQueue.Slice.LAST;
                },
                HashQueue.Slice.FAILED);
    }

    /** Returns the reads, which may hang. */
    BoundedReads reads() {
        return reads;
    }

    /** Returns the number of files that weren't hashed because too many of their user waited. */
    long refused() {
        return queue.refused();
    }

    @Override
    public void close() {
        reads.close();
    }
}

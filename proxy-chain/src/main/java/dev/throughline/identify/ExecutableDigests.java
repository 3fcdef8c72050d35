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
 * SHA-256 of executables, computed by user in turns, and remembered as long as the file stays as it was. Hashing reads the pinned
 * inode, so a file that was put in its place, or a program that the process ran in between, has no part in it.
 *
 * <p>Digests of fs-verity aren't used: they are hashes of a tree, not of the bytes, so no sha256 of a policy equals them.
 */
final class ExecutableDigests implements AutoCloseable {
    /** Larger files aren't hashed. */
    static final long MAX_FILE_BYTES = 1L << 30;

    private static final int MAX_REMEMBERED = 4096;
    private static final int MAX_TYPE_BYTES = 64;
    /** For one slice. */
    private static final Duration DEADLINE = Duration.ofSeconds(10);
    /** Twice what a slice may take. */
    private static final Duration PATIENCE = Duration.ofMillis(100);
    /** A third of the processor beside one that is busy: with less, a busy machine would leave programs without a hash. */
    private static final int NICE = 5;

    private final Cache<FileVersion, Bytes> digests =
            CacheBuilder.newBuilder().maximumSize(MAX_REMEMBERED).build();
    private final LongUnaryOperator owners;
    private final BoundedReads reads;
    private final HashQueue queue;

    ExecutableDigests() {
        this(SubordinateUids.ofThisHost()::owner);
    }

    /** @param owners the user who has a user id as a subordinate one, or the id itself */
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
     * Returns the digest of {@code pinned}, which is {@code file}; empty if it can't be had, or readers can be given other bytes
     * than those that run. Closes the file when it is done with it.
     *
     * @param user who asks for the hash, unsigned
     */
    CompletableFuture<Optional<Bytes>> of(
            PinnedFile pinned, ExecutableFile file, Mounts.FileSystem fileSystem, long user) throws IOException {
        // Before anything that is remembered: another file system may have had this device, inode and time.
        if (!ExecutableFile.hasOneContent(fileSystem) || file.version().size() > MAX_FILE_BYTES) {
            pinned.close();
            return CompletableFuture.completedFuture(Optional.empty());
        }
        Bytes known = digests.getIfPresent(file.version());
        if (known != null) {
            pinned.close();
            return CompletableFuture.completedFuture(Optional.of(known));
        }
        return queue.add(owners.applyAsLong(user), new FileHash(pinned, file.version()), place(fileSystem));
    }

    private static String place(Mounts.FileSystem fileSystem) {
        return "the file system " + (fileSystem.device() >>> 20) + ":" + (fileSystem.device() & 0xF_FFFF) + " ("
                + EscapedText.of(fileSystem.type().getBytes(StandardCharsets.ISO_8859_1), MAX_TYPE_BYTES)
                        .orElse("")
                + ")";
    }

    private CompletableFuture<HashQueue.Slice> slice(String place, FileHash file) {
        return reads.read(
                place,
                () -> {
                    if (!file.readSlice()) {
                        return HashQueue.Slice.MORE;
                    }
                    file.result().ifPresent(digest -> digests.put(file.version(), digest));
                    return HashQueue.Slice.LAST;
                },
                HashQueue.Slice.FAILED);
    }

    /** The reads; some may hang. */
    BoundedReads reads() {
        return reads;
    }

    /** Files that weren't hashed since too many of their user waited. */
    long refused() {
        return queue.refused();
    }

    @Override
    public void close() {
        reads.close();
    }
}

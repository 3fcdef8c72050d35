package dev.throughline.identify;

import com.google.common.cache.Cache;
import com.google.common.cache.CacheBuilder;
import dev.throughline.header.Bytes;
import dev.throughline.os.Mounts;
import dev.throughline.os.PinnedFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * SHA-256 of executables, made on threads of its own, two for each file system, and remembered as long as the file stays as it was. Hashing reads
 * the pinned inode, so a file that was put in its place, or a program that the process ran in between, has no part in it.
 */
final class ExecutableDigests implements AutoCloseable {
    private static final int MAX_REMEMBERED = 1024;
    private static final int MAX_TYPE_BYTES = 64;
    /** Ten times what the largest file takes that is in memory. */
    private static final Duration DEADLINE = Duration.ofSeconds(10);
    /** About a second of hashing: larger files would let two programs keep everyone else's from being hashed. */
    private static final long MAX_FILE_BYTES = 1L << 30;

    private static final int CHUNK_BYTES = 1 << 17;

    private final Cache<FileVersion, CompletableFuture<Optional<Bytes>>> digests =
            CacheBuilder.newBuilder().maximumSize(MAX_REMEMBERED).build();
    private final BoundedReads reads;

    ExecutableDigests() {
        this(DEADLINE);
    }

    ExecutableDigests(Duration deadline) {
        this.reads = new BoundedReads("executable-digest", deadline);
    }

    /**
     * The digest of {@code pinned}, which is {@code file}; empty if it can't be had, or readers can be given other bytes than
     * those that run. Closes the file when it is done with it.
     */
    CompletableFuture<Optional<Bytes>> of(PinnedFile pinned, ExecutableFile file, Mounts.FileSystem fileSystem)
            throws IOException {
        // Before anything that is remembered: another file system may have had this device, inode and time.
        if (!ExecutableFile.hasOneContent(fileSystem) || file.version().size() > MAX_FILE_BYTES) {
            pinned.close();
            return CompletableFuture.completedFuture(Optional.empty());
        }
        FileVersion version = file.version();
        CompletableFuture<Optional<Bytes>> known = digests.getIfPresent(version);
        if (known != null) {
            pinned.close();
            return known;
        }
        CompletableFuture<Optional<Bytes>> digest = new CompletableFuture<>();
        digests.put(version, digest);
        // What could not be read isn't remembered: the next flow tries again.
        var _ = reads.read(place(fileSystem), new Hashing(pinned, version), Optional.<Bytes>empty())
                .thenAccept(found -> {
                    if (found.isEmpty()) {
                        digests.asMap().remove(version, digest);
                    }
                    digest.complete(found);
                });
        return digest;
    }

    private static String place(Mounts.FileSystem fileSystem) {
        return "the file system " + (fileSystem.device() >>> 20) + ":" + (fileSystem.device() & 0xF_FFFF) + " ("
                + KernelText.of(fileSystem.type().getBytes(StandardCharsets.ISO_8859_1), MAX_TYPE_BYTES)
                        .orElse("")
                + ")";
    }

    private final class Hashing implements BoundedReads.Read<Optional<Bytes>> {
        private final PinnedFile pinned;
        private final FileVersion version;

        Hashing(PinnedFile pinned, FileVersion version) {
            this.pinned = pinned;
            this.version = version;
        }

        @Override
        public Optional<Bytes> get() throws IOException {
            try (pinned) {
                Optional<Bytes> digest = Optional.of(sha256(pinned));
                if (!FileVersion.of(pinned.status()).equals(version)) {
                    return Optional.empty();
                }
                // Also when it took too long for whoever asked.
                digests.put(version, CompletableFuture.completedFuture(digest));
                return digest;
            }
        }

        @Override
        public void skipped() {
            pinned.close();
        }
    }

    /** The reads, of which some may hang. */
    BoundedReads reads() {
        return reads;
    }

    private static Bytes sha256(PinnedFile file) throws IOException {
        MessageDigest sha256 = sha256();
        byte[] chunk = new byte[CHUNK_BYTES];
        try (InputStream bytes = Files.newInputStream(file.path())) {
            for (int read = bytes.read(chunk); read >= 0; read = bytes.read(chunk)) {
                sha256.update(chunk, 0, read);
            }
        }
        return Bytes.copyOf(sha256.digest());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }

    @Override
    public void close() {
        reads.close();
    }
}

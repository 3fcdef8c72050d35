package dev.throughline.identify;

import com.google.common.cache.Cache;
import com.google.common.cache.CacheBuilder;
import dev.throughline.header.Bytes;
import dev.throughline.os.PinnedFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * SHA-256 of executables, made on two threads of its own and remembered as long as the file stays as it was. Hashing reads
 * the pinned inode, so a file that was put in its place, or a program that the process ran in between, has no part in it.
 */
final class ExecutableDigests implements AutoCloseable {
    private static final int MAX_REMEMBERED = 1024;
    private static final int MAX_WAITING = 64;
    /** About a second of hashing: larger files would let two programs keep everyone else's from being hashed. */
    private static final long MAX_FILE_BYTES = 1L << 30;

    private static final int CHUNK_BYTES = 1 << 17;

    private final Cache<FileVersion, CompletableFuture<Optional<Bytes>>> digests =
            CacheBuilder.newBuilder().maximumSize(MAX_REMEMBERED).build();
    private final ThreadPoolExecutor threads;

    ExecutableDigests() {
        this.threads = new ThreadPoolExecutor(
                2,
                2,
                1,
                TimeUnit.MINUTES,
                new ArrayBlockingQueue<>(MAX_WAITING),
                Thread.ofPlatform().name("executable-digest-", 0).daemon().factory());
    }

    /**
     * The digest of {@code file}, which is in state {@code version}; empty if it can't be had. Closes the file when it is
     * done with it.
     */
    CompletableFuture<Optional<Bytes>> of(PinnedFile file, FileVersion version) {
        CompletableFuture<Optional<Bytes>> known = digests.getIfPresent(version);
        if (known != null) {
            file.close();
            return known;
        }
        CompletableFuture<Optional<Bytes>> digest = new CompletableFuture<>();
        digests.put(version, digest);
        try {
            threads.execute(() -> complete(digest, file, version));
        } catch (RejectedExecutionException tooMany) {
            file.close();
            digests.invalidate(version);
            digest.complete(Optional.empty());
        }
        return digest;
    }

    /** What could not be read isn't remembered: the next flow tries again. */
    private void complete(CompletableFuture<Optional<Bytes>> digest, PinnedFile file, FileVersion version) {
        Optional<Bytes> result = Optional.empty();
        try (file) {
            if (version.size() <= MAX_FILE_BYTES && !file.isServedByProcess()) {
                result = Optional.of(sha256(file)).filter(bytes -> isStill(file, version));
            }
        } catch (IOException | RuntimeException e) {
            digests.invalidate(version);
        } finally {
            digest.complete(result);
        }
    }

    private static boolean isStill(PinnedFile file, FileVersion version) {
        try {
            return FileVersion.of(file.path()).equals(version);
        } catch (IOException e) {
            return false;
        }
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
        threads.shutdown();
    }
}

package dev.throughline.identify;

import dev.throughline.header.Bytes;
import dev.throughline.platform.linux.PinnedFile;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * The SHA-256 of a file, computed in slices. Holes count as zeros, as for any reader, so that the hash equals that of
 * sha256sum(1).
 */
final class FileHash implements AutoCloseable {
    static final int SLICE_BYTES = 8 << 20;
    /** The maximum time of a slice; on a slow disk it covers fewer bytes. */
    private static final long SLICE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    private static final int CHUNK_BYTES = 1 << 17;

    private final PinnedFile pinned;
    private final FileVersion version;
    private final MessageDigest sha256 = sha256();
    private long position;
    private boolean reading;
    private boolean closed;
    private Optional<Bytes> result = Optional.empty();

    FileHash(PinnedFile pinned, FileVersion version) {
        this.pinned = pinned;
        this.version = version;
    }

    FileVersion version() {
        return version;
    }

    /**
     * Hashes the next slice.
     *
     * @return whether it was the last one
     * @throws IOException if the file can't be read, or isn't the expected version
     */
    boolean readSlice() throws IOException {
        synchronized (this) {
            if (closed) {
                throw new IOException("closed");
            }
            reading = true;
        }
        try {
            if (!sliceEndsFile()) {
                return false;
            }
            if (!FileVersion.of(pinned.status()).equals(version)) {
                throw new IOException("the file was changed");
            }
            Bytes digest = Bytes.copyOf(sha256.digest());
            synchronized (this) {
                result = Optional.of(digest);
            }
            return true;
        } finally {
            synchronized (this) {
                reading = false;
                if (closed) {
                    pinned.close();
                }
            }
        }
    }

    private boolean sliceEndsFile() throws IOException {
        long deadline = System.nanoTime() + SLICE_NANOS;
        long end = position + SLICE_BYTES;
        ByteBuffer chunk = ByteBuffer.allocate(CHUNK_BYTES);
        try (FileInputStream file = new FileInputStream(pinned.path().toFile());
                FileChannel bytes = file.getChannel()) {
            do {
                int read = bytes.read(chunk.clear(), position);
                if (read < 0) {
                    return true;
                }
                sha256.update(chunk.flip());
                position += read;
            } while (position < end && System.nanoTime() - deadline < 0);
        }
        return false;
    }

    /** Returns the hash; empty until the last slice was read. */
    synchronized Optional<Bytes> result() {
        return result;
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }

    /**
     * Closes the file, unless a read hangs: then only when it returns, since the descriptor's number must not be reused before.
     */
    @Override
    public synchronized void close() {
        closed = true;
        if (!reading) {
            pinned.close();
        }
    }
}

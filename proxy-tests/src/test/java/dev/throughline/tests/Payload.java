package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;

/** The payload of tests: bytes, their comparison, and sending while receiving. */
final class Payload {
    private Payload() {}

    static byte[] bytes(int count) {
        byte[] bytes = new byte[count];
        ThreadLocalRandom.current().nextBytes(bytes);
        return bytes;
    }

    /** Compares many bytes, and reports the first difference instead of the bytes. */
    static void assertSame(byte[] found, byte[] expected) {
        int at = Arrays.mismatch(found, expected);
        assertThat(at)
                .describedAs("%d bytes, expected %d; they differ from byte", found.length, expected.length)
                .isEqualTo(-1);
    }

    static String sha256(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return sha256(in);
        }
    }

    /** Returns the digest of all received bytes. */
    static String sha256(InputStream in) throws IOException {
        MessageDigest digest = digest();
        byte[] buffer = new byte[1 << 18];
        for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
            digest.update(buffer, 0, count);
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    static MessageDigest digest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    interface Action {
        void run() throws IOException;
    }

    /** Runs a task on another thread. */
    static CompletableFuture<Void> background(Action action) {
        return answer(() -> {
            action.run();
            return null;
        });
    }

    static <T> CompletableFuture<T> answer(Callable<T> question) {
        CompletableFuture<T> answer = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> {
            try {
                answer.complete(question.call());
            } catch (Exception e) {
                answer.completeExceptionally(e);
            }
        });
        return answer;
    }

    /** Many bytes, generated on demand and digested when they are taken. */
    static final class Stream {
        private final byte[] block = new byte[1 << 20];
        private final long length;
        private final MessageDigest digest = digest();
        private final SplittableRandom random;
        private long taken;

        Stream(long seed, long length) {
            this.random = new SplittableRandom(seed);
            this.length = length;
            random.nextBytes(block);
        }

        boolean hasMore() {
            return taken < length;
        }

        long taken() {
            return taken;
        }

        /** Fills an empty buffer of at most a block's size, as far as there is more; leaves another as it is. */
        void fill(ByteBuffer buffer) {
            if (!buffer.hasRemaining() || taken == 0) {
                buffer.clear();
                int count = (int) Math.min(Math.min(buffer.capacity(), block.length), length - taken);
                // Every block differs, so that one that is lost or comes twice is noticed.
                ByteBuffer.wrap(block).putLong(0, random.nextLong());
                buffer.put(block, 0, count).flip();
                digest.update(block, 0, count);
                taken += count;
            }
        }

        /** Sends all bytes. */
        void writeTo(OutputStream out) throws IOException {
            ByteBuffer buffer = ByteBuffer.allocate(block.length);
            while (hasMore()) {
                buffer.limit(0);
                fill(buffer);
                out.write(buffer.array(), 0, buffer.limit());
            }
        }

        /** Returns the digest of all bytes that were taken. */
        String sha256() {
            return HexFormat.of().formatHex(digest.digest());
        }
    }
}

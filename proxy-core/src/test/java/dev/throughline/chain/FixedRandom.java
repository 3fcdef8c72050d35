package dev.throughline.chain;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;

/** Deterministic "random" bytes for tests: the SHA-256 of a name and a counter. */
final class FixedRandom extends SecureRandom {
    private static final long serialVersionUID = 1L;

    private final String name;
    private int counter;

    FixedRandom(String name) {
        this.name = name;
    }

    /** A long draw is a sequence of salts, so that the size of draws has no effect. */
    @Override
    public void nextBytes(byte[] target) {
        fill(target, target.length > 32 ? 16 : 32);
    }

    byte[] take(int size) {
        byte[] bytes = new byte[size];
        fill(bytes, 32);
        return bytes;
    }

    private void fill(byte[] target, int piece) {
        ByteBuffer out = ByteBuffer.wrap(target);
        while (out.hasRemaining()) {
            byte[] block = sha256((name + " " + counter++).getBytes(StandardCharsets.UTF_8));
            out.put(block, 0, Math.min(piece, out.remaining()));
        }
    }

    static byte[] sha256(byte[]... parts) {
        try {
            MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
            for (byte[] part : parts) {
                sha256.update(part);
            }
            return sha256.digest();
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }
}

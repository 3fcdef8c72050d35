package dev.throughline.chain;

import dev.throughline.header.Bytes;
import java.security.SecureRandom;

/**
 * The salts of details. They are drawn in blocks, because asking for many random bytes costs hardly more than asking for a
 * few. Safe for use by several threads.
 */
final class Salts {
    private static final int BLOCK = 64 * Opening.SALT_BYTES;

    private final SecureRandom random;
    private Bytes block = Bytes.EMPTY;
    private int used;

    Salts(SecureRandom random) {
        this.random = random;
    }

    /** One that was never given before. */
    synchronized Bytes next() {
        if (used == block.length()) {
            byte[] fresh = new byte[BLOCK];
            random.nextBytes(fresh);
            block = Bytes.wrap(fresh);
            used = 0;
        }
        used += Opening.SALT_BYTES;
        return block.part(used - Opening.SALT_BYTES, Opening.SALT_BYTES);
    }
}

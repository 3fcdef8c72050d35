package dev.throughline.chain;

import dev.throughline.header.Bytes;
import java.util.Optional;

/**
 * A part of the origin that a later hop may close: replace by its commitment, so that it can be left out without being
 * changed. Signatures cover the commitment, so they hold either way.
 *
 * @param kind 1 code, 2 placement, 3 person
 * @param opening salt and fields; empty when closed
 * @param committed the commitment, 32 bytes
 */
public record Detail(int kind, Optional<Opening> opening, Bytes committed) {
    static final int CODE = 1;
    static final int PLACEMENT = 2;
    static final int PERSON = 3;
    static final int SALT_BYTES = 16;

    /**
     * What a commitment commits to; the salt keeps anyone from guessing the fields of a closed detail.
     *
     * @param salt 16 random bytes
     * @param fields as they travel
     */
    public record Opening(Bytes salt, Bytes fields) {}

    static Detail open(int kind, Bytes salt, Bytes fields) {
        return new Detail(
                kind,
                Optional.of(new Opening(salt, fields)),
                Bytes.copyOf(Digests.detail(kind, salt.toByteArray(), fields.toByteArray())));
    }

    static Detail closed(int kind, Bytes commitment) {
        return new Detail(kind, Optional.empty(), commitment);
    }

    /** {@return whether it can be read} */
    public boolean isOpen() {
        return opening.isPresent();
    }

    /** {@return {@code code}, {@code placement} or {@code person}} */
    public String name() {
        return switch (kind) {
            case CODE -> "code";
            case PLACEMENT -> "placement";
            default -> "person";
        };
    }

    byte[] commitment() {
        return committed.toByteArray();
    }

    int encodedSize() {
        return 4
                + opening.map(open -> open.salt().length() + open.fields().length())
                        .orElse(Digests.SIZE);
    }
}

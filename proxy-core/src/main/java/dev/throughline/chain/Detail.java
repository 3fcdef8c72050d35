package dev.throughline.chain;

import dev.throughline.header.Bytes;
import java.util.List;
import java.util.Optional;

/**
 * A part of the origin that a later hop may close: replace by its commitment, so that it can be left out without being
 * changed. Signatures cover the commitment, so they hold either way (SPEC.md, "Details").
 */
public sealed interface Detail {
    /** The kind of a detail, with its code in headers. */
    enum Kind {
        /** Which code the process ran. */
        CODE(1, "code"),
        /** Where on its host it ran. */
        PLACEMENT(2, "placement"),
        /** For whom it ran. */
        PERSON(3, "person");

        /**
         * The order in which details are closed to make a header smaller: first where the process ran, which is long and
         * identifies it least, and last which code it ran.
         */
        public static final List<Kind> CLOSING_ORDER = List.of(PLACEMENT, PERSON, CODE);

        private final int code;
        private final String text;

        Kind(int code, String text) {
            this.code = code;
            this.text = text;
        }

        int code() {
            return code;
        }

        static Optional<Kind> ofCode(int code) {
            for (Kind kind : values()) {
                if (kind.code == code) {
                    return Optional.of(kind);
                }
            }
            return Optional.empty();
        }

        /** {@return {@code code}, {@code workload} or {@code processContext}} */
        @Override
        public String toString() {
            return text;
        }
    }

    /** {@return its kind} */
    Kind kind();

    /** {@return the commitment that the signatures cover, of 32 bytes} */
    Bytes commitment();

    /** {@return the size of its payload in bytes} */
    int payloadBytes();

    /**
     * An open detail, with its content.
     *
     * @param opening salt and content
     */
    record Open(Opening opening) implements Detail {
        @Override
        public Kind kind() {
            return opening.kind();
        }

        @Override
        public Bytes commitment() {
            return opening.commitment();
        }

        @Override
        public int payloadBytes() {
            return opening.salt().length() + opening.fields().length();
        }
    }

    /**
     * A closed detail: only its commitment is left.
     *
     * @param kind its kind
     * @param commitment 32 bytes
     */
    record Closed(Kind kind, Bytes commitment) implements Detail {
        @Override
        public int payloadBytes() {
            return Digests.SIZE;
        }
    }
}

package dev.throughline.chain;

import dev.throughline.header.Bytes;
import java.util.List;
import java.util.Optional;

/**
 * A part of the origin that a later hop may close: replace by its commitment, so that it can be left out without being
 * changed. Signatures cover the commitment, so they hold either way (SPEC.md, "Details").
 */
public sealed interface Detail {
    /** What a detail is about; the code is what travels. */
    enum Kind {
        /** Which code the process ran. */
        CODE(1, "code"),
        /** Where on its host it ran. */
        PLACEMENT(2, "placement"),
        /** For whom it ran. */
        PERSON(3, "person");

        /**
         * In which order details are closed where a header must become smaller: first where the process was, which is
         * long and says least about who it is, and last what code it ran.
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

    /** {@return what it is about} */
    Kind kind();

    /** {@return what the signatures cover: 32 bytes} */
    Bytes commitment();

    /** {@return how many bytes its payload has} */
    int payloadBytes();

    /**
     * One that can be read.
     *
     * @param opening what it says
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
     * @param kind what it is about
     * @param commitment 32 bytes
     */
    record Closed(Kind kind, Bytes commitment) implements Detail {
        @Override
        public int payloadBytes() {
            return Digests.SIZE;
        }
    }
}

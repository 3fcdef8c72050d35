package dev.throughline.chain;

import dev.throughline.header.Bytes;
import java.util.List;
import java.util.Optional;

/**
 * A part of the origin that a later hop may close, that is replace by its commitment: so it can be hidden without being
 * changed. Signatures cover the commitment, so they stay valid (SPEC.md, "Details").
 */
public sealed interface Detail {
    /** The kind of a detail, with its code in headers. */
    enum Kind {
        /** The code of the process. */
        CODE(1, "code"),
        /** The environment on its host: boot, cgroup, unit, container. */
        PLACEMENT(2, "placement"),
        /** The user, parent and audit identity. */
        PERSON(3, "person");

        /**
         * The order in which details are closed to make a header smaller: first the environment, which is long and identifies
         * the process least, and the code last.
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

        /** {@return {@code code}, {@code placement} or {@code person}} */
        @Override
        public String toString() {
            return text;
        }
    }

    /** {@return its kind} */
    Kind kind();

    /** {@return the commitment that the signatures cover, 32 bytes} */
    Bytes commitment();

    /** {@return the encoded size of its payload in bytes} */
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
     * @param kind the kind
     * @param commitment 32 bytes
     */
    record Closed(Kind kind, Bytes commitment) implements Detail {
        @Override
        public int payloadBytes() {
            return Digests.SIZE;
        }
    }
}

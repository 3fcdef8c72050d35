package dev.throughline.key;

import java.util.Optional;

/** A signature algorithm with its code on the wire. A key has exactly one: a header can't choose another. */
public enum Algorithm {
    /** Ed25519 (RFC 8032, section 5.1). */
    ED25519(1, "Ed25519"),
    /** ECDSA over P-256 with SHA-256 (FIPS 186-5), for devices without Ed25519. */
    P256(2, "P-256");

    private final int code;
    private final String text;

    Algorithm(int code, String text) {
        this.code = code;
        this.text = text;
    }

    /** {@return the code on the wire (SPEC, section 3)} */
    public int code() {
        return code;
    }

    /**
     * Returns the algorithm with a code.
     *
     * @param code the code on the wire
     * @return empty for an unknown code
     */
    static Optional<Algorithm> ofCode(int code) {
        for (Algorithm algorithm : values()) {
            if (algorithm.code == code) {
                return Optional.of(algorithm);
            }
        }
        return Optional.empty();
    }

    /**
     * Returns the name of an algorithm for messages.
     *
     * @param code the code on the wire
     * @return the name, such as {@code Ed25519}, or {@code algorithm 3} for an unknown code
     */
    public static String name(int code) {
        return ofCode(code).map(Algorithm::toString).orElse("algorithm " + code);
    }

    @Override
    public String toString() {
        return text;
    }
}

package dev.throughline.key;

import java.util.Optional;

/** A signature algorithm with its code on the wire. A key has one algorithm for life: a header can't choose another. */
public enum Algorithm {
    /** Ed25519 (RFC 8032, section 5.1). */
    ED25519(1, "Ed25519"),
    /** ECDSA over P-256 with SHA-256 (FIPS 186-5), for keys that live in devices without Ed25519. */
    P256(2, "P-256");

    private final int code;
    private final String text;

    Algorithm(int code, String text) {
        this.code = code;
        this.text = text;
    }

    /** {@return the code that travels (SPEC, section 3)} */
    public int code() {
        return code;
    }

    /**
     * The algorithm with this code.
     *
     * @param code as it travelled
     * @return empty for a code that isn't known to this version
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
     * The name of an algorithm, for a message.
     *
     * @param code as it travelled
     * @return its name, such as {@code Ed25519}, or {@code algorithm 3} if it isn't known to this version
     */
    public static String name(int code) {
        return ofCode(code).map(Algorithm::toString).orElse("algorithm " + code);
    }

    @Override
    public String toString() {
        return text;
    }
}

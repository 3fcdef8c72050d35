package dev.throughline.chain;

/**
 * A value that somebody wrote into a header and that nobody has verified. It has another type than what was verified, so
 * that a decision can't be made on it by accident; a test holds who may call {@link #unverified}.
 */
public record Claimed<T>(T unverified) {
    @Override
    public String toString() {
        return "claimed, not verified";
    }
}

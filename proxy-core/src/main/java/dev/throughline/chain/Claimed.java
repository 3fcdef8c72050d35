package dev.throughline.chain;

/**
 * A value that somebody wrote into a header and that nobody has verified. It has another type than what was verified, so
 * that a decision can't be made on it by accident; a test holds who may call {@link #unverified}.
 *
 * @param <T> what it would be if it were verified
 * @param unverified the sender's words, to be shown as such
 */
public record Claimed<T>(T unverified) {
    @Override
    public String toString() {
        return "claimed, not verified";
    }
}

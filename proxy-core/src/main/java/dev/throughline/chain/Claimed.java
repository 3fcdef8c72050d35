package dev.throughline.chain;

/**
 * A value from a header that nobody has verified. Its type differs from that of verified values, so that no decision is based
 * on it by accident; a test lists the callers of {@link #unverified}.
 *
 * @param <T> the type of the verified value
 * @param unverified the sender's claim, to be shown as such
 */
public record Claimed<T>(T unverified) {
    @Override
    public String toString() {
        return "claimed, not verified";
    }
}

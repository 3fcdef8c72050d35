package dev.throughline.originator;

import static com.google.common.base.Preconditions.checkArgument;

import dev.throughline.header.Bytes;
import java.util.Optional;
import java.util.OptionalLong;

/** Checks for values of a fixed size on the wire: with another size, every receiver would reject the signed link. */
final class Sizes {
    private static final long MAX_ID = 0xFFFF_FFFEL;

    private Sizes() {}

    static void check(Optional<Bytes> value, int size, String what) {
        checkArgument(
                value.isEmpty() || value.get().length() == size, "a %s has %s bytes, not these: %s", what, size, value);
    }

    /** Checks a 32-bit id. 0xFFFFFFFF means "none" and is rejected. */
    static void checkId(OptionalLong value, String what) {
        checkArgument(
                value.isEmpty() || (value.getAsLong() >= 0 && value.getAsLong() <= MAX_ID),
                "an %s is between 0 and %s: %s",
                what,
                MAX_ID,
                value);
    }
}

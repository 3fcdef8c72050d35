package dev.throughline.bridge;

import static com.google.common.base.Preconditions.checkArgument;

import dev.throughline.header.Bytes;

/**
 * The form of a handle, by which an agent knows a flow that it handed over: the same TLV in the agent's header and in its hop's
 * request. Only the agent reads it.
 */
final class Handle {
    /** Type of its TLV. */
    static final int TYPE = 0xE7;

    static final int MAX_BYTES = 32;
    static final String FORM = "a handle has 1 to " + MAX_BYTES + " bytes";

    private Handle() {}

    static boolean is(Bytes bytes) {
        return bytes.length() > 0 && bytes.length() <= MAX_BYTES;
    }

    static void check(Bytes bytes) {
        checkArgument(is(bytes), "%s: %s", FORM, bytes.length());
    }
}

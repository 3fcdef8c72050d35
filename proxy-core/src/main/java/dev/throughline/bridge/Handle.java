package dev.throughline.bridge;

import static com.google.common.base.Preconditions.checkArgument;

import dev.throughline.header.Bytes;

/**
 * The form of a handle, an agent's id of a flow that it handed over. The agent's header and its hop's request use the same TLV.
 * Only the agent interprets it.
 */
final class Handle {
    /** Type of the TLV. */
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

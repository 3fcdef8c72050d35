package dev.throughline.header;

import com.google.common.collect.ImmutableList;
import java.util.Optional;

/**
 * A complete PROXY v2 header. Nothing in it is verified: these are the sender's words.
 *
 * @param command who speaks: a proxy for a client, or a health checker for itself
 * @param tuple the flow on whose behalf the proxy speaks; empty for {@link Command#LOCAL}, and where an unsigned header names none
 *     ({@link HeaderReader#ofUnsignedHeaders})
 * @param tlvs in the order in which they were sent, values as they were sent (nested ones are not taken apart)
 * @param raw every byte of the header as received, from the signature to the last TLV
 */
public record Header(Command command, Optional<Tuple> tuple, ImmutableList<Tlv> tlvs, Bytes raw) {
    /** The low four bits of the 13th byte (section 2.2). */
    public enum Command {
        /** 0: the sender speaks for itself, as a health check does. */
        LOCAL,
        /** 1: the sender speaks for the flow in the address block. */
        PROXY
    }
}

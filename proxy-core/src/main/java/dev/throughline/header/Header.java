package dev.throughline.header;

import java.util.List;
import java.util.Optional;

/**
 * A complete PROXY v2 header. Nothing in it is verified.
 *
 * @param command whether the sender forwards a flow, or connects on its own behalf, as for a health check
 * @param tuple addresses of the forwarded flow; empty for {@link Command#LOCAL}, and if an unsigned header has none
 *     ({@link HeaderReader#ofUnsignedHeaders})
 * @param tlvs in the order of the header; nested TLVs aren't decoded
 * @param raw all bytes of the header, from the signature to the last TLV
 */
public record Header(Command command, Optional<Tuple> tuple, List<Tlv> tlvs, Bytes raw) {
    /** Copies the TLVs. */
    public Header {
        tlvs = List.copyOf(tlvs);
    }

    /** The low four bits of the 13th byte (section 2.2). */
    public enum Command {
        /** 0: the sender connects on its own behalf, as for a health check. */
        LOCAL,
        /** 1: the sender forwards the flow in the address block. */
        PROXY
    }
}

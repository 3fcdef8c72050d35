package dev.throughline.bridge;

import static com.google.common.base.Preconditions.checkArgument;

import dev.throughline.header.Bytes;
import dev.throughline.header.Header;
import dev.throughline.header.HeaderWriter;
import dev.throughline.header.Tlv;
import dev.throughline.header.Tuple;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** What a hop asks of an agent that opens connections for it (BRIDGE.md, "Opening"). */
public sealed interface BridgeRequest {
    /** Type of the TLV that says what is asked. */
    int TYPE = 0xE8;

    /**
     * A connection onwards, with the system's own means.
     *
     * @param flow TCP: the application's own source, which says nothing here, and where to connect
     * @param handle the agent's, of the flow whose identity the connection carries; without one it carries none
     */
    record Open(Tuple flow, Optional<Bytes> handle) implements BridgeRequest {
        /**
         * Checks both.
         *
         * @throws IllegalArgumentException for a flow that isn't TCP, or another form of handle
         */
        public Open {
            checkArgument(flow.transport().isTcp(), "an agent opens TCP, not %s", flow.transport());
            handle.ifPresent(Handle::check);
        }
    }

    /** How many connections the agent's system lets it have, again and again. */
    record Watch() implements BridgeRequest {}

    /** What a header is that came to an agent. */
    sealed interface Read {
        /**
         * A request.
         *
         * @param request what is asked
         */
        record Found(BridgeRequest request) implements Read {}

        /**
         * A PROXY header that asks for nothing.
         *
         * @param offset in bytes from the start of the header
         * @param problem what was found and what was expected
         */
        record Malformed(int offset, String problem) implements Read {}
    }

    /** {@return its bytes, without a checksum} */
    default Bytes encode() {
        return switch (this) {
            case Open open -> HeaderWriter.proxy(open.flow(), tlvs());
            case Watch watch -> HeaderWriter.local(tlvs());
        };
    }

    /** {@return its TLVs, in order; a CRC32C may follow them} */
    default List<Tlv> tlvs() {
        return switch (this) {
            case Open open ->
                Stream.concat(
                                Stream.of(RequestTlv.OPEN),
                                open.handle().map(handle -> new Tlv(Handle.TYPE, handle)).stream())
                        .toList();
            case Watch watch -> List.of(RequestTlv.WATCH);
        };
    }

    /**
     * Decodes a header.
     *
     * @param header complete
     * @return the request, or why it is malformed
     */
    static Read read(Header header) {
        return RequestTlv.read(header);
    }
}

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

/** A request from a hop to an agent that opens connections for it (BRIDGE.md, "Opening"). */
public sealed interface BridgeRequest {
    /** Type of the TLV with the request. */
    int TYPE = 0xE8;

    /**
     * A request for a connection, opened with the means of the agent's system.
     *
     * @param flow TCP: the application's own source, which has no effect here, and the address to connect to
     * @param handle the agent's id of the flow whose identity the connection carries; without it, the connection carries none
     */
    record Open(Tuple flow, Optional<Bytes> handle) implements BridgeRequest {
        /**
         * Checks flow and handle.
         *
         * @throws IllegalArgumentException for a flow that isn't TCP, or a malformed handle
         */
        public Open {
            checkArgument(flow.transport().isTcp(), "an agent opens TCP, not %s", flow.transport());
            handle.ifPresent(Handle::check);
        }
    }

    /** A request for repeated reports of the agent's connection limits. */
    record Watch() implements BridgeRequest {}

    /** The result of reading a header as an agent. */
    sealed interface Read {
        /**
         * A request.
         *
         * @param request the request
         */
        record Found(BridgeRequest request) implements Read {}

        /**
         * A malformed request.
         *
         * @param offset in bytes from the start of the header
         * @param problem what was found and what was expected
         */
        record Malformed(int offset, String problem) implements Read {}
    }

    /** {@return the encoded request, without a checksum} */
    default Bytes encode() {
        return switch (this) {
            case Open open -> HeaderWriter.proxy(open.flow(), tlvs());
            case Watch watch -> HeaderWriter.local(tlvs());
        };
    }

    /** {@return the TLVs, in order; a CRC32C may follow them} */
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

package dev.throughline.bridge;

import dev.throughline.header.Bytes;
import dev.throughline.header.TransportProtocol;
import dev.throughline.header.Tuple;
import java.nio.ByteBuffer;
import java.util.Optional;

/** The addresses of a TCP connection in a notice: the family as in PROXY v2, both addresses, both ports. */
final class AddressBlock {
    private static final int FAMILY_BYTES = 1;

    private AddressBlock() {}

    /** The result of reading a block. */
    sealed interface Read {
        record Found(Tuple connection) implements Read {}

        record Malformed(int offset, String problem) implements Read {}
    }

    static boolean isLength(int length) {
        return length == size(TransportProtocol.TCP4) || length == size(TransportProtocol.TCP6);
    }

    private static int size(TransportProtocol family) {
        return FAMILY_BYTES + family.addressBytes();
    }

    static Bytes bytes(Tuple connection) {
        ByteBuffer out = ByteBuffer.allocate(size(connection.transport()));
        out.put((byte) connection.transport().code());
        connection.writeTo(out);
        return Bytes.wrap(out.array());
    }

    /** Reads a block, whose length {@link #isLength} has checked. */
    static Read read(Bytes content) {
        Optional<TransportProtocol> family =
                TransportProtocol.ofCode(content.at(0)).filter(tcp -> tcp.isTcp() && content.length() == size(tcp));
        if (family.isEmpty()) {
            return new Read.Malformed(
                    0,
                    "family %02x with %d bytes: expected 11 with 13, or 21 with 37"
                            .formatted(content.at(0), content.length()));
        }
        try {
            return new Read.Found(
                    Tuple.decode(family.get(), content.part(FAMILY_BYTES, content.length() - FAMILY_BYTES)));
        } catch (IllegalArgumentException e) {
            return new Read.Malformed(FAMILY_BYTES, String.valueOf(e.getMessage()));
        }
    }
}

package dev.throughline.bridge;

import dev.throughline.header.Bytes;
import dev.throughline.header.Header;
import dev.throughline.header.HeaderWriter;
import dev.throughline.header.Tlv;
import dev.throughline.header.Tuple;
import java.util.Optional;

/**
 * The TLV with a hop's request, and its position in the header. Command and request are redundant, so that other headers aren't
 * taken for requests; if they contradict each other, the header is malformed.
 */
final class RequestTlv {
    static final Tlv OPEN = new Tlv(BridgeRequest.TYPE, Bytes.ofHex("49420100"));
    static final Tlv WATCH = new Tlv(BridgeRequest.TYPE, Bytes.ofHex("49420101"));

    private static final int BYTES = 4;
    private static final int VERSION = 1;

    private RequestTlv() {}

    static BridgeRequest.Read read(Header header) {
        Optional<Tuple> flow = header.tuple();
        // The header reader accepts any addresses with LOCAL. A request must have none, since it has one encoding.
        boolean isExpected =
                flow.isPresent() ? flow.get().transport().isTcp() : header.raw().at(13) == 0;
        if (!isExpected) {
            return new BridgeRequest.Read.Malformed(
                    13,
                    "family %02x: expected TCP, or none with LOCAL"
                            .formatted(header.raw().at(13)));
        }
        int at = HeaderWriter.FIXED_BYTES
                + flow.map(tuple -> tuple.transport().addressBytes()).orElse(0);
        int start = at;
        int position = 0;
        Optional<Bytes> handle = Optional.empty();
        for (Tlv tlv : header.tlvs()) {
            int found = position(tlv.type(), flow.isPresent());
            if (found <= position || (position == 0 && found != 1)) {
                return new BridgeRequest.Read.Malformed(
                        at,
                        "TLV %02x: expected one e8, then perhaps e7 (to open), then perhaps 03".formatted(tlv.type()));
            }
            position = found;
            at += Tlv.OVERHEAD;
            if (tlv.type() == BridgeRequest.TYPE) {
                Optional<BridgeRequest.Read> problem = problem(tlv.value(), at, flow.isPresent() ? OPEN : WATCH);
                if (problem.isPresent()) {
                    return problem.get();
                }
            } else if (tlv.type() == Handle.TYPE) {
                if (!Handle.is(tlv.value())) {
                    return new BridgeRequest.Read.Malformed(at, Handle.FORM);
                }
                handle = Optional.of(tlv.value());
            }
            at += tlv.value().length();
        }
        if (position == 0) {
            return new BridgeRequest.Read.Malformed(start, "the request (TLV e8) is missing");
        }
        Optional<Bytes> carried = handle;
        return new BridgeRequest.Read.Found(flow.<BridgeRequest>map(tuple -> new BridgeRequest.Open(tuple, carried))
                .orElseGet(BridgeRequest.Watch::new));
    }

    /** Returns the position of a type among the TLVs; 0 for a type that isn't allowed. */
    private static int position(int type, boolean opens) {
        return switch (type) {
            case BridgeRequest.TYPE -> 1;
            case Handle.TYPE -> opens ? 2 : 0;
            case Tlv.CRC32C -> 3;
            default -> 0;
        };
    }

    private static Optional<BridgeRequest.Read> problem(Bytes request, int at, Tlv expected) {
        if (request.length() < BYTES || request.at(0) != 0x49 || request.at(1) != 0x42) {
            return malformed(at, "the request doesn't begin with 49 42, a version and a code");
        }
        if (request.at(2) != VERSION) {
            return malformed(at + 2, "request version " + request.at(2) + ", expected " + VERSION);
        }
        int code = expected.value().at(3);
        if (request.at(3) != code) {
            return malformed(at + 3, "request " + request.at(3) + ", expected " + code + " with this command");
        }
        if (request.length() > BYTES) {
            return malformed(at + BYTES, (request.length() - BYTES) + " bytes too many in the request");
        }
        return Optional.empty();
    }

    private static Optional<BridgeRequest.Read> malformed(int offset, String problem) {
        return Optional.of(new BridgeRequest.Read.Malformed(offset, problem));
    }
}

package dev.throughline.chain;

import dev.throughline.header.Bytes;
import dev.throughline.originator.Code;
import dev.throughline.originator.ProcessContext;
import dev.throughline.originator.Workload;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * All details of one origin, with the decoded content of the open ones.
 *
 * @param details at most one of each kind, kinds ascending
 */
record DetailSection(List<Detail> details, Code code, Workload workload, ProcessContext processContext) {
    private static final int OPEN = 0;
    private static final int CLOSED = 1;

    DetailSection {
        details = DetailList.of(details);
    }

    /** Reads {@code in} to its end. */
    static DetailSection read(ByteReader in) throws WireException {
        List<Detail> details = new ArrayList<>();
        DetailCodec.Reader open = new DetailCodec.Reader();
        int lastKind = 0;
        while (!in.atEnd()) {
            int start = in.offset();
            int code = in.u8("the kind of a detail");
            Optional<Detail.Kind> kind = Detail.Kind.ofCode(code);
            if (code <= lastKind || kind.isEmpty()) {
                throw new WireException(
                        start, "detail kind " + code + " after " + lastKind + ": kinds ascend from 1 to 3");
            }
            lastKind = code;
            details.add(readDetail(in, kind.get(), open));
        }
        return open.section(details);
    }

    private static Detail readDetail(ByteReader in, Detail.Kind kind, DetailCodec.Reader open) throws WireException {
        int start = in.offset();
        int form = in.u8("the form of a detail");
        if (form > CLOSED) {
            throw new WireException(start, "detail form " + form + ": expected 0 (open) or 1 (closed)");
        }
        ByteReader payload = in.part(in.u16("the length of a detail"), "a detail");
        if (form == CLOSED) {
            if (payload.left() != Digests.SIZE) {
                throw new WireException(
                        payload.offset(), "a commitment has " + Digests.SIZE + " bytes, found " + payload.left());
            }
            return new Detail.Closed(kind, payload.rest());
        }
        Bytes salt = payload.take(Opening.SALT_BYTES, "the salt of an open detail");
        Bytes content = payload.rest();
        open.read(kind, payload);
        return new Detail.Open(new Opening(kind, salt, content));
    }

    /** Decodes the open details. */
    static DetailSection of(List<Detail> details) throws WireException {
        DetailCodec.Reader open = new DetailCodec.Reader();
        for (Detail detail : details) {
            if (detail instanceof Detail.Open(Opening opening)) {
                open.read(opening.kind(), new ByteReader(opening.fields()));
            }
        }
        return open.section(details);
    }

    /** Returns the number of bytes that {@link #write} writes. */
    static int size(List<Detail> details) {
        int size = 0;
        for (Detail detail : details) {
            size += 4 + detail.payloadBytes();
        }
        return size;
    }

    static void write(List<Detail> details, ByteWriter out) {
        for (Detail detail : details) {
            out.u8(detail.kind().code());
            // Not a switch over types, which is slow without the optimizing compiler: this runs for each flow.
            if (detail instanceof Detail.Open(Opening opening)) {
                out.u8(OPEN).u16(detail.payloadBytes()).bytes(opening.salt()).bytes(opening.fields());
            } else {
                out.u8(CLOSED).u16(detail.payloadBytes()).bytes(detail.commitment());
            }
        }
    }
}

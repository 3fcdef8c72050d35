package dev.throughline.chain;

import com.google.common.collect.ImmutableList;
import dev.throughline.header.Bytes;
import dev.throughline.originator.Originator;
import java.nio.ByteBuffer;

/**
 * The first part of a chain: who opened the flow, in the words of the first hop. The bytes are kept as they came, since
 * every link signs them.
 *
 * @param core the mandatory fields, as they travel
 * @param details at most one of each kind, kinds ascending
 * @param claim what the block says, for whoever has verified it
 */
public record OriginBlock(Bytes core, ImmutableList<Detail> details, Claimed<Originator> claim) {
    private static final int TYPE = 1;

    static OriginBlock read(Cursor in) throws WireException {
        in.expect(TYPE, "the type of the origin block");
        Cursor block = in.part(in.u16("the length of the origin block"), "the origin block");
        Cursor coreCursor = block.part(block.u16("the length of the core"), "the core");
        Bytes core = Bytes.copyOf(coreCursor.array(), coreCursor.offset(), coreCursor.end() - coreCursor.offset());
        ImmutableList.Builder<Detail> details = ImmutableList.builder();
        OriginCodec.DetailReader fields = new OriginCodec.DetailReader();
        int lastKind = 0;
        while (!block.atEnd()) {
            int start = block.offset();
            int kind = block.u8("the kind of a detail");
            if (kind <= lastKind || kind > Detail.PERSON) {
                throw new WireException(
                        start, "detail kind " + kind + " after " + lastKind + ": kinds ascend from 1 to 3");
            }
            lastKind = kind;
            details.add(readDetail(block, kind, fields));
        }
        return new OriginBlock(core, details.build(), new Claimed<>(fields.originator(coreCursor)));
    }

    private static Detail readDetail(Cursor block, int kind, OriginCodec.DetailReader fields) throws WireException {
        int start = block.offset();
        int form = block.u8("the form of a detail");
        if (form > 1) {
            throw new WireException(start, "detail form " + form + ": expected 0 (open) or 1 (closed)");
        }
        Cursor payload = block.part(block.u16("the length of a detail"), "a detail");
        if (form == 1) {
            Bytes commitment = payload.take(Digests.SIZE, "the commitment of a closed detail");
            payload.expectEnd("a closed detail");
            return Detail.closed(kind, commitment);
        }
        Bytes salt = payload.take(Detail.SALT_BYTES, "the salt of an open detail");
        Bytes content = Bytes.copyOf(payload.array(), payload.offset(), payload.end() - payload.offset());
        fields.read(kind, payload);
        return Detail.open(kind, salt, content);
    }

    byte[] digest() {
        return Digests.origin(core.toByteArray(), details);
    }

    byte[] encode() {
        int length = 2
                + core.length()
                + details.stream().mapToInt(Detail::encodedSize).sum();
        ByteBuffer out = ByteBuffer.allocate(3 + length);
        out.put((byte) TYPE).putShort((short) length);
        out.putShort((short) core.length()).put(core.toByteArray());
        for (Detail detail : details) {
            out.put((byte) detail.kind());
            out.put((byte) (detail.isOpen() ? 0 : 1));
            out.putShort((short) (detail.encodedSize() - 4));
            detail.opening()
                    .ifPresentOrElse(
                            open -> out.put(open.salt().toByteArray())
                                    .put(open.fields().toByteArray()),
                            () -> out.put(detail.commitment()));
        }
        return out.array();
    }
}

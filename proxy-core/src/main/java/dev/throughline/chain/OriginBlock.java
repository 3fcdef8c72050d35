package dev.throughline.chain;

import com.google.common.collect.ImmutableList;
import dev.throughline.header.Bytes;
import dev.throughline.originator.Code;
import dev.throughline.originator.Originator;
import dev.throughline.originator.Person;
import dev.throughline.originator.Placement;
import dev.throughline.originator.ProcessIdentity;
import java.util.Collection;
import java.util.Optional;

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
    private static final int OPEN = 0;
    private static final int CLOSED = 1;

    static OriginBlock read(Cursor in) throws WireException {
        in.expect(TYPE, "the type of the origin block");
        Cursor block = in.part(in.u16("the length of the origin block"), "the origin block");
        Cursor coreCursor = block.part(block.u16("the length of the core"), "the core");
        Bytes core = coreCursor.rest();
        OriginCodec.Reader fields = new OriginCodec.Reader(coreCursor);
        ImmutableList.Builder<Detail> details = ImmutableList.builder();
        int lastKind = 0;
        while (!block.atEnd()) {
            int start = block.offset();
            int code = block.u8("the kind of a detail");
            Optional<Detail.Kind> kind = Detail.Kind.ofCode(code);
            if (code <= lastKind || kind.isEmpty()) {
                throw new WireException(
                        start, "detail kind " + code + " after " + lastKind + ": kinds ascend from 1 to 3");
            }
            lastKind = code;
            details.add(readDetail(block, kind.get(), fields));
        }
        return new OriginBlock(core, details.build(), new Claimed<>(fields.originator()));
    }

    private static Detail readDetail(Cursor block, Detail.Kind kind, OriginCodec.Reader fields) throws WireException {
        int start = block.offset();
        int form = block.u8("the form of a detail");
        if (form > CLOSED) {
            throw new WireException(start, "detail form " + form + ": expected 0 (open) or 1 (closed)");
        }
        Cursor payload = block.part(block.u16("the length of a detail"), "a detail");
        if (form == CLOSED) {
            if (payload.left() != Digests.SIZE) {
                throw new WireException(
                        payload.offset(), "a commitment has " + Digests.SIZE + " bytes, found " + payload.left());
            }
            return new Detail.Closed(kind, payload.rest());
        }
        Bytes salt = payload.take(Opening.SALT_BYTES, "the salt of an open detail");
        Bytes content = payload.rest();
        fields.read(kind, payload);
        return new Detail.Open(new Opening(kind, salt, content));
    }

    Bytes digest() {
        return Digests.origin(core, details);
    }

    /** How many bytes {@link #writeTo} writes. */
    int size() {
        int size = 1 + 2 + 2 + core.length();
        for (Detail detail : details) {
            size += 4 + detail.payloadBytes();
        }
        return size;
    }

    void writeTo(Sink out) {
        out.u8(TYPE).u16(size() - 3).u16(core.length()).bytes(core);
        for (Detail detail : details) {
            out.u8(detail.kind().code());
            switch (detail) {
                case Detail.Open(Opening opening) ->
                    out.u8(OPEN)
                            .u16(detail.payloadBytes())
                            .bytes(opening.salt())
                            .bytes(opening.fields());
                case Detail.Closed(Detail.Kind kind, Bytes commitment) ->
                    out.u8(CLOSED).u16(detail.payloadBytes()).bytes(commitment);
            }
        }
    }

    /** The opening of a detail of this kind, if it is here and open. */
    Optional<Opening> opening(Detail.Kind kind) {
        for (Detail detail : details) {
            if (detail instanceof Detail.Open(Opening opening) && opening.kind() == kind) {
                return Optional.of(opening);
            }
        }
        return Optional.empty();
    }

    /** The same block, of which one detail can't be read any more; its digest stays. */
    OriginBlock close(Detail.Kind kind) {
        ImmutableList<Detail> closed = details.stream()
                .map(detail -> detail.kind() == kind ? new Detail.Closed(kind, detail.commitment()) : detail)
                .collect(ImmutableList.toImmutableList());
        return new OriginBlock(core, closed, new Claimed<>(without(kind, claim.unverified())));
    }

    /**
     * The same block, with closed details open again as far as {@code openings} prove what they said; its digest stays.
     *
     * @throws WireException if what was committed to can't be read
     */
    OriginBlock reopen(Collection<Opening> openings) throws WireException {
        OriginCodec.Reader fields = new OriginCodec.Reader(new Cursor(core));
        ImmutableList.Builder<Detail> reopened = ImmutableList.builder();
        for (Detail detail : details) {
            Detail now = openings.stream()
                    .filter(opening -> opening.kind() == detail.kind()
                            && opening.commitment().equals(detail.commitment()))
                    .<Detail>map(Detail.Open::new)
                    .findFirst()
                    .orElse(detail);
            if (now instanceof Detail.Open(Opening opening)) {
                fields.read(opening.kind(), new Cursor(opening.fields()));
            }
            reopened.add(now);
        }
        return new OriginBlock(core, reopened.build(), new Claimed<>(fields.originator()));
    }

    private static Originator without(Detail.Kind kind, Originator who) {
        ProcessIdentity all = who.identity();
        ProcessIdentity less = new ProcessIdentity(
                all.evidence(),
                all.system(),
                all.process(),
                all.credentials(),
                kind == Detail.Kind.CODE ? Code.UNKNOWN : all.code(),
                kind == Detail.Kind.PLACEMENT ? Placement.UNKNOWN : all.placement(),
                kind == Detail.Kind.PERSON ? Person.UNKNOWN : all.person());
        return new Originator(who.host(), who.flow(), who.observedAt(), who.tuple(), who.wayIn(), less);
    }
}

package dev.throughline.chain;

import com.google.common.collect.ImmutableList;
import dev.throughline.header.Bytes;
import dev.throughline.originator.Code;
import dev.throughline.originator.Originator;
import dev.throughline.originator.ProcessContext;
import dev.throughline.originator.ProcessIdentity;
import dev.throughline.originator.Workload;
import java.util.Collection;
import java.util.Optional;

/**
 * The first part of a chain: who opened the flow, in the words of the first hop. The bytes are kept as they came, since
 * every link signs them.
 *
 * @param core the mandatory fields, as they travel
 * @param details at most one of each kind, kinds ascending
 * @param claim what the block says, for a caller that has verified it
 */
public record OriginBlock(Bytes core, ImmutableList<Detail> details, Claimed<Originator> claim) {
    private static final int TYPE = 1;

    static OriginBlock read(ByteReader in, KnownDetails known) throws WireException {
        in.expect(TYPE, "the type of the origin block");
        ByteReader block = in.part(in.u16("the length of the origin block"), "the origin block");
        ByteReader coreCursor = block.part(block.u16("the length of the core"), "the core");
        Bytes core = coreCursor.rest();
        Originator originator = OriginCodec.core(coreCursor);
        DetailSection section = known.read(block);
        return new OriginBlock(core, section.details(), new Claimed<>(section.complete(originator)));
    }

    Bytes digest() {
        return Digests.origin(core, details);
    }

    /** How many bytes {@link #writeTo} writes. */
    int size() {
        return 1 + 2 + 2 + core.length() + DetailSection.size(details);
    }

    void writeTo(ByteWriter out) {
        out.u8(TYPE).u16(size() - 3).u16(core.length()).bytes(core);
        DetailSection.write(details, out);
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

    /** Returns the same block with one detail closed; the digest stays. */
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
        ImmutableList<Detail> reopened = details.stream()
                .map(detail -> openings.stream()
                        .filter(opening -> opening.kind() == detail.kind()
                                && opening.commitment().equals(detail.commitment()))
                        .<Detail>map(Detail.Open::new)
                        .findFirst()
                        .orElse(detail))
                .collect(ImmutableList.toImmutableList());
        Originator originator = DetailSection.of(reopened).complete(OriginCodec.core(new ByteReader(core)));
        return new OriginBlock(core, reopened, new Claimed<>(originator));
    }

    private static Originator without(Detail.Kind kind, Originator who) {
        ProcessIdentity all = who.identity();
        ProcessIdentity less = new ProcessIdentity(
                all.evidence(),
                all.system(),
                all.process(),
                all.credentials(),
                kind == Detail.Kind.CODE ? Code.UNKNOWN : all.code(),
                kind == Detail.Kind.PLACEMENT ? Workload.UNKNOWN : all.workload(),
                kind == Detail.Kind.PERSON ? ProcessContext.UNKNOWN : all.processContext());
        return new Originator(who.host(), who.flow(), who.observedAt(), who.tuple(), who.wayIn(), less);
    }
}

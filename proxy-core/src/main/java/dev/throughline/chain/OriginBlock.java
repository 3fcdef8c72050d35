package dev.throughline.chain;

import dev.throughline.header.Bytes;
import dev.throughline.originator.Code;
import dev.throughline.originator.Originator;
import dev.throughline.originator.ProcessContext;
import dev.throughline.originator.ProcessIdentity;
import dev.throughline.originator.Workload;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/**
 * The first part of a chain: the originator, as the first hop encoded it. The received bytes are kept, since every link signs
 * them.
 *
 * @param core the mandatory fields, as encoded
 * @param details at most one of each kind, kinds ascending
 * @param claim the decoded content, which only a verifier may trust
 */
public record OriginBlock(Bytes core, List<Detail> details, Claimed<Originator> claim) {
    private static final int TYPE = 1;

    /** Copies the details. */
    public OriginBlock {
        details = DetailList.of(details);
    }

    static OriginBlock read(ByteReader in, KnownDetails known) throws WireException {
        in.expect(TYPE, "the type of the origin block");
        ByteReader block = in.part(in.u16("the length of the origin block"), "the origin block");
        ByteReader coreCursor = block.part(block.u16("the length of the core"), "the core");
        Bytes core = coreCursor.rest();
        OriginCodec.Core fields = OriginCodec.core(coreCursor);
        DetailSection section = known.read(block);
        return new OriginBlock(core, section.details(), new Claimed<>(fields.with(section)));
    }

    Bytes digest() {
        return Digests.origin(core, encodedDetails());
    }

    private DetailList encodedDetails() {
        return (DetailList) details;
    }

    /** Returns the number of bytes that {@link #writeTo} writes. */
    int size() {
        return 1 + 2 + 2 + core.length() + encodedDetails().encoded().length();
    }

    void writeTo(ByteWriter out) {
        out.u8(TYPE)
                .u16(size() - 3)
                .u16(core.length())
                .bytes(core)
                .bytes(encodedDetails().encoded());
    }

    /** Returns the opening of the detail of this kind; empty if it is missing or closed. */
    Optional<Opening> opening(Detail.Kind kind) {
        for (Detail detail : details) {
            if (detail instanceof Detail.Open(Opening opening) && opening.kind() == kind) {
                return Optional.of(opening);
            }
        }
        return Optional.empty();
    }

    /** Returns the block with one detail closed; its digest stays the same. */
    OriginBlock close(Detail.Kind kind) {
        List<Detail> closed = details.stream()
                .map(detail -> detail.kind() == kind ? new Detail.Closed(kind, detail.commitment()) : detail)
                .toList();
        return new OriginBlock(core, closed, new Claimed<>(without(kind, claim.unverified())));
    }

    /**
     * Opens the closed details whose content {@code openings} prove; the digest stays the same.
     *
     * @throws WireException if the content is malformed
     */
    OriginBlock reopen(Collection<Opening> openings) throws WireException {
        List<Detail> reopened = details.stream()
                .map(detail -> openings.stream()
                        .filter(opening -> opening.kind() == detail.kind()
                                && opening.commitment().equals(detail.commitment()))
                        .<Detail>map(Detail.Open::new)
                        .findFirst()
                        .orElse(detail))
                .toList();
        DetailSection section = DetailSection.of(reopened);
        Originator originator = OriginCodec.core(new ByteReader(core)).with(section);
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

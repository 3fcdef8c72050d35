package dev.throughline.chain;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.Iterables;
import dev.throughline.header.Bytes;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * An origin block and one link a hop, as they travel in a header. Reading one says only that it is well formed: whether it
 * is true is for {@link Verifier} to say.
 *
 * @param origin what the first hop wrote
 * @param links 1 to {@value #HARD_HOP_LIMIT}, in order
 */
public record Chain(OriginBlock origin, ImmutableList<SignedLink> links) {
    /** More links than this aren't read at all (SPEC, section 7). */
    public static final int HARD_HOP_LIMIT = 8;

    static Chain read(Bytes bytes, KnownDetails known) throws WireException {
        ByteReader in = new ByteReader(bytes);
        OriginBlock origin = OriginBlock.read(in, known);
        ImmutableList.Builder<SignedLink> links = ImmutableList.builder();
        int count = 0;
        while (!in.atEnd()) {
            if (count++ == HARD_HOP_LIMIT) {
                throw new WireException(in.offset(), "more than " + HARD_HOP_LIMIT + " links");
            }
            links.add(SignedLink.read(in));
        }
        if (count == 0) {
            throw new WireException(in.offset(), "an origin without a link: nobody signed it");
        }
        return new Chain(origin, links.build());
    }

    SignedLink last() {
        return Iterables.getLast(links);
    }

    /** The digest of each link, in order; a digest covers all that comes before it. */
    List<Bytes> digests() {
        List<Bytes> digests = new ArrayList<>(links.size());
        Bytes previous = origin.digest();
        for (SignedLink link : links) {
            previous = Digests.link(previous, link.body());
            digests.add(previous);
        }
        return digests;
    }

    /**
     * The same chain, with closed details open again as far as {@code openings} prove what they said. Its digests and
     * signatures stay; what an opening doesn't fit stays closed.
     *
     * @param openings of this chain or any other
     * @return the chain
     * @throws IllegalArgumentException if what a detail committed to can't be read
     */
    public Chain reopen(Collection<Opening> openings) {
        try {
            return new Chain(origin.reopen(openings), links);
        } catch (WireException e) {
            throw new IllegalArgumentException("what was committed to can't be read: " + e.problem(), e);
        }
    }

    /** How many bytes it has. */
    int size() {
        int size = origin.size();
        for (SignedLink link : links) {
            size += link.size();
        }
        return size;
    }

    /** {@return the chain as it travels (SPEC, section 3), without the fragments' prefixes} */
    public Bytes encode() {
        ByteWriter out = new ByteWriter(size());
        writeTo(out);
        return out.toBytes();
    }

    void writeTo(ByteWriter out) {
        origin.writeTo(out);
        links.forEach(link -> link.writeTo(out));
    }
}

package dev.throughline.chain;

import dev.throughline.header.Bytes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;

/**
 * An origin block and one link for each hop, as in a header. A chain that was read is well-formed but not verified: {@link
 * Verifier} does that.
 *
 * @param origin written by the first hop
 * @param links 1 to {@value #HARD_HOP_LIMIT}, in order
 */
public record Chain(OriginBlock origin, List<SignedLink> links) {
    /** Maximum number of links (SPEC, section 7). */
    public static final int HARD_HOP_LIMIT = 8;

    /** Copies the links. */
    public Chain {
        links = List.copyOf(links);
    }

    static Chain read(Bytes bytes, KnownDetails known) throws WireException {
        ByteReader in = new ByteReader(bytes);
        OriginBlock origin = OriginBlock.read(in, known);
        SignedLink[] links = new SignedLink[HARD_HOP_LIMIT];
        int count = 0;
        while (!in.atEnd()) {
            if (count == HARD_HOP_LIMIT) {
                throw new WireException(in.offset(), "more than " + HARD_HOP_LIMIT + " links");
            }
            links[count++] = SignedLink.read(in);
        }
        if (count == 0) {
            throw new WireException(in.offset(), "an origin without a link: nobody signed it");
        }
        return new Chain(origin, List.of(Arrays.copyOf(links, count)));
    }

    SignedLink last() {
        return links.getLast();
    }

    /** Returns the digest of each link, in order; a digest covers all before it. */
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
     * Opens the closed details whose content {@code openings} prove. Digests and signatures stay the same; details without a
     * matching opening stay closed.
     *
     * @param openings of this chain or any other
     * @return the chain
     * @throws IllegalArgumentException if the content of a detail is malformed
     */
    public Chain reopen(Collection<Opening> openings) {
        try {
            return new Chain(origin.reopen(openings), links);
        } catch (WireException e) {
            throw new IllegalArgumentException("the content of the opening is malformed: " + e.problem(), e);
        }
    }

    /** Returns the encoded size in bytes. */
    int size() {
        int size = origin.size();
        for (SignedLink link : links) {
            size += link.size();
        }
        return size;
    }

    /** {@return the encoded chain (SPEC, section 3), without the prefixes of the fragments} */
    public Bytes encode() {
        ByteWriter out = new ByteWriter(size());
        writeTo(out);
        return out.toBytes();
    }

    void writeTo(ByteWriter out) {
        origin.writeTo(out);
        for (SignedLink link : links) {
            link.writeTo(out);
        }
    }
}

package dev.throughline.chain;

import dev.throughline.header.Bytes;
import java.util.List;
import java.util.stream.Stream;

/** A chain whose last link isn't signed yet. Only the {@link Signer} that created it can sign it. */
public final class UnsignedChain {
    /** Number of siblings in a proof of the largest tree that can be encoded, with 65,535 leaves. */
    private static final int ANY_PATH = 16;

    private final Signer signer;
    private final OriginBlock origin;
    private final List<SignedLink> links;
    private final Link link;
    private final Bytes body;
    private final Bytes digest;
    private final int longestPath;
    private final List<Opening> closed;

    private UnsignedChain(
            Signer signer,
            OriginBlock origin,
            List<SignedLink> links,
            Link link,
            Bytes body,
            Bytes digest,
            int longestPath,
            List<Opening> closed) {
        this.signer = signer;
        this.origin = origin;
        this.links = links;
        this.link = link;
        this.body = body;
        this.digest = digest;
        this.longestPath = longestPath;
        this.closed = closed;
    }

    /** Creates a chain that appends {@code link} after the part with the digest {@code previous}. */
    UnsignedChain(Signer signer, OriginBlock origin, List<SignedLink> links, Bytes previous, Link link) {
        this.signer = signer;
        this.origin = origin;
        this.links = links;
        this.link = link;
        this.body = link.encode();
        this.digest = Digests.link(previous, body);
        this.longestPath = ANY_PATH;
        this.closed = List.of();
    }

    /** The result of adapting a chain to a next hop. */
    public sealed interface Fit {
        /**
         * The chain fits.
         *
         * @param chain the chain to sign
         */
        record Fits(UnsignedChain chain) implements Fit {}

        /**
         * The chain doesn't fit. The flow must not be forwarded without it.
         *
         * @param bytes size of the smallest possible header
         */
        record TooLarge(int bytes) implements Fit {}
    }

    /**
     * Adapts this chain to a next hop: closes the details that the hop must not see, and makes the header small enough. A
     * header gets smaller by signing it in a smaller batch, and then by closing details in {@link Detail.Kind#CLOSING_ORDER},
     * if their commitment is shorter than their content. Digests and signatures don't depend on which details are closed.
     *
     * @param profile size limit and hidden details of the next hop
     * @return the chain to sign for it, or that none fits
     */
    public Fit fit(HeaderProfile profile) {
        UnsignedChain smaller = this;
        for (Detail.Kind kind : profile.keptBack()) {
            smaller = smaller.close(kind);
        }
        int size = smaller.size();
        int bytes = headerBytes(size);
        for (int i = 0; bytes > profile.maxBytes() && i < Detail.Kind.CLOSING_ORDER.size(); i++) {
            Detail.Kind kind = Detail.Kind.CLOSING_ORDER.get(i);
            if (smaller.closingSaves(kind)) {
                smaller = smaller.close(kind);
                size = smaller.size();
                bytes = headerBytes(size);
            }
        }
        return bytes <= profile.maxBytes()
                ? new Fit.Fits(smaller.withPath(longestPath(size, profile.maxBytes())))
                : new Fit.TooLarge(bytes);
    }

    /** {@return the openings of the details that were closed here, which prove their content later} */
    public List<Opening> closed() {
        return closed;
    }

    private UnsignedChain close(Detail.Kind kind) {
        return origin.opening(kind)
                .map(opening -> new UnsignedChain(
                        signer,
                        origin.close(kind),
                        links,
                        link,
                        body,
                        digest,
                        longestPath,
                        Stream.concat(closed.stream(), Stream.of(opening)).toList()))
                .orElse(this);
    }

    private boolean closingSaves(Detail.Kind kind) {
        return origin.opening(kind)
                .map(opening -> opening.salt().length() + opening.fields().length() > Digests.SIZE)
                .orElse(false);
    }

    private UnsignedChain withPath(int path) {
        return path == longestPath ? this : new UnsignedChain(signer, origin, links, link, body, digest, path, closed);
    }

    /** Returns how many siblings fit into the header of a chain of {@code size} bytes without any. */
    private int longestPath(int size, int maxBytes) {
        int path = ANY_PATH;
        // Not computed by division: more bytes may need one more fragment.
        while (headerBytes(size + path * Digests.SIZE) > maxBytes) {
            path--;
        }
        return path;
    }

    private int headerBytes(int chainBytes) {
        return ChainTlv.headerBytes(origin.claim().unverified().tuple().transport(), chainBytes);
    }

    /** Returns the size of the chain in bytes if it is signed alone. */
    private int size() {
        int size = origin.size() + SignedLink.size(body, 0);
        for (SignedLink before : links) {
            size += before.size();
        }
        return size;
    }

    /** {@return the signer that created it, the only one that can sign it} */
    public Signer signer() {
        return signer;
    }

    /** Returns the leaf of this chain in the tree of a batch. */
    Bytes leaf() {
        return Digests.leaf(digest);
    }

    /** {@return the largest batch that this chain can be signed in: a power of two, or 65,535} */
    public int largestTree() {
        return longestPath >= ANY_PATH ? 0xFFFF : 1 << longestPath;
    }

    Chain signed(Proof proof) {
        SignedLink[] signed = links.toArray(new SignedLink[links.size() + 1]);
        signed[links.size()] = new SignedLink(link, body, proof);
        return new Chain(origin, List.of(signed));
    }
}

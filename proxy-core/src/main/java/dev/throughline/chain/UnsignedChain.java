package dev.throughline.chain;

import com.google.common.collect.ImmutableList;
import dev.throughline.header.Bytes;

/** A chain whose last link lacks only its signature. A {@link Signer} begins it, and the same one finishes it. */
public final class UnsignedChain {
    /** Siblings in a proof from the largest tree that can be written, 65,535 leaves. */
    private static final int ANY_PATH = 16;

    private final Signer signer;
    private final OriginBlock origin;
    private final ImmutableList<SignedLink> links;
    private final Link link;
    private final Bytes body;
    private final Bytes digest;
    private final int longestPath;
    private final ImmutableList<Opening> closed;

    private UnsignedChain(
            Signer signer,
            OriginBlock origin,
            ImmutableList<SignedLink> links,
            Link link,
            Bytes body,
            Bytes digest,
            int longestPath,
            ImmutableList<Opening> closed) {
        this.signer = signer;
        this.origin = origin;
        this.links = links;
        this.link = link;
        this.body = body;
        this.digest = digest;
        this.longestPath = longestPath;
        this.closed = closed;
    }

    /** A chain that continues from {@code previous}, the digest of what is before {@code link}. */
    UnsignedChain(Signer signer, OriginBlock origin, ImmutableList<SignedLink> links, Bytes previous, Link link) {
        this.signer = signer;
        this.origin = origin;
        this.links = links;
        this.link = link;
        this.body = link.encode();
        this.digest = Digests.link(previous, body);
        this.longestPath = ANY_PATH;
        this.closed = ImmutableList.of();
    }

    /** Whether a header can carry a chain to a next hop. */
    public sealed interface Fit {
        /**
         * It can.
         *
         * @param chain what to sign
         */
        record Fits(UnsignedChain chain) implements Fit {}

        /**
         * It can't, and must not be sent without.
         *
         * @param bytes of the smallest header that could be made
         */
        record TooLarge(int bytes) implements Fit {}
    }

    /**
     * This chain for a next hop: without the details that are kept back from it, and small enough. A header becomes
     * smaller by signing it in a smaller batch, and then by closing details, in {@link Detail.Kind#CLOSING_ORDER},
     * those only of which the commitment is shorter. Digests and signatures don't depend on what is closed.
     *
     * @param profile what the next hop takes, and what it may know
     * @return the chain to sign for it, or that there is none
     */
    public Fit fit(HeaderProfile profile) {
        UnsignedChain smaller = this;
        for (Detail.Kind kind : profile.keptBack()) {
            smaller = smaller.close(kind);
        }
        int size = smaller.size();
        for (Detail.Kind kind : Detail.Kind.CLOSING_ORDER) {
            if (headerBytes(size) <= profile.maxBytes()) {
                break;
            }
            if (smaller.closingSaves(kind)) {
                smaller = smaller.close(kind);
                size = smaller.size();
            }
        }
        int bytes = headerBytes(size);
        return bytes <= profile.maxBytes()
                ? new Fit.Fits(smaller.withPath(longestPath(size, profile.maxBytes())))
                : new Fit.TooLarge(bytes);
    }

    /** {@return the openings of details closed here, which prove later what the chain doesn't show} */
    public ImmutableList<Opening> closed() {
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
                        ImmutableList.<Opening>builder()
                                .addAll(closed)
                                .add(opening)
                                .build()))
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

    /** How many siblings fit beside a chain of {@code size} bytes that has none. */
    private int longestPath(int size, int maxBytes) {
        int path = ANY_PATH;
        // No division: more bytes may need one fragment more.
        while (headerBytes(size + path * Digests.SIZE) > maxBytes) {
            path--;
        }
        return path;
    }

    private int headerBytes(int chainBytes) {
        return ChainTlv.headerBytes(origin.claim().unverified().tuple().transport(), chainBytes);
    }

    /** How many bytes the chain has if it is signed alone. */
    private int size() {
        int size = origin.size() + SignedLink.size(body, 0);
        for (SignedLink before : links) {
            size += before.size();
        }
        return size;
    }

    /** {@return who began it, and alone can finish it} */
    public Signer signer() {
        return signer;
    }

    /** Returns the leaf of this chain in the tree of a batch. */
    Bytes leaf() {
        return Digests.leaf(digest);
    }

    /** {@return how many chains one signature can serve, this one among them: a power of two, or 65,535} */
    public int largestTree() {
        return longestPath >= ANY_PATH ? 0xFFFF : 1 << longestPath;
    }

    Chain signed(Proof proof) {
        return new Chain(
                origin,
                ImmutableList.<SignedLink>builderWithExpectedSize(links.size() + 1)
                        .addAll(links)
                        .add(new SignedLink(link, body, proof))
                        .build());
    }
}

package dev.throughline.chain;

import dev.throughline.header.Bytes;
import dev.throughline.header.Header;
import dev.throughline.header.Tuple;
import dev.throughline.key.Algorithm;
import dev.throughline.key.PublicKey;
import dev.throughline.key.Trust;
import dev.throughline.key.TrustEntry;
import dev.throughline.originator.HopId;
import dev.throughline.originator.HostId;
import dev.throughline.originator.InterceptionMethod;
import dev.throughline.originator.Originator;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A verifier for headers (SPEC.md, "Verification"). Cheap rules come first and signatures last, so that a flood of headers from
 * strangers costs little. A chain is added to the replay window only after its signatures are verified, so that strangers can't
 * fill the window. The first violated rule is the result.
 */
public final class Verifier {
    private final VerifierSettings settings;
    private final Trust trust;
    private final ChainTlv chainTlv;
    private final ReplayWindow replays;
    private final VerifiedBatches batches;
    private final KnownDetails details;

    /**
     * Creates a verifier with its own cache.
     *
     * @param settings settings of the hop
     * @param trust the trusted keys and their rights
     * @param chainTlv the TLV that carries chains
     * @param replays the accepted chains; receivers with the same hop name must share it
     */
    public Verifier(VerifierSettings settings, Trust trust, ChainTlv chainTlv, ReplayWindow replays) {
        this(settings, trust, chainTlv, replays, new VerifiedBatches(VerifiedBatches.DEFAULT_CAPACITY));
    }

    /**
     * Creates a verifier with a shared cache.
     *
     * @param settings settings of the hop
     * @param trust the trusted keys and their rights
     * @param chainTlv the TLV that carries chains
     * @param replays the accepted chains; receivers with the same hop name must share it
     * @param batches cache of verified batches
     */
    public Verifier(
            VerifierSettings settings, Trust trust, ChainTlv chainTlv, ReplayWindow replays, VerifiedBatches batches) {
        this(settings, trust, chainTlv, replays, batches, new KnownDetails(KnownDetails.DEFAULT_CAPACITY));
    }

    Verifier(
            VerifierSettings settings,
            Trust trust,
            ChainTlv chainTlv,
            ReplayWindow replays,
            VerifiedBatches batches,
            KnownDetails details) {
        this.settings = settings;
        this.trust = trust;
        this.chainTlv = chainTlv;
        this.replays = replays;
        this.batches = batches;
        this.details = details;
    }

    /**
     * Verifies a received header (SPEC, section 8).
     *
     * @param header the complete header
     * @param socket the connection: the previous hop's address and the local one; on an intercepting listener the true source
     *     and the kernel's original destination
     * @param now the time of arrival
     * @return the originator, or the first violated rule
     */
    public Verification verify(Header header, Tuple socket, Instant now) {
        return decide(header, now, socket);
    }

    /**
     * Verifies a captured header for the time at which its last link was issued. Rules that only the receiver can check are
     * omitted (audience, connection, replay, time of arrival).
     *
     * @param header the captured header
     * @param trust the trusted keys and their rights
     * @param chainTlv the TLV that carries chains
     * @param skew maximum difference between the clocks of two hops
     * @return the content, or the first violated rule
     */
    public static CaptureCheck verifyCapture(Header header, Trust trust, ChainTlv chainTlv, Duration skew) {
        return switch (decideCapture(header, trust, chainTlv, skew)) {
            case Verification.Verified verified ->
                new CaptureCheck.Genuine(verified.originator(), verified.links(), verified.signers());
            case Verification.Rejected rejected -> new CaptureCheck.Refused(rejected);
        };
    }

    private static Verification decideCapture(Header header, Trust trust, ChainTlv chainTlv, Duration skew) {
        if (!(chainTlv.read(header) instanceof ChainRead.Found found)) {
            return capture(new HopId(0), Instant.EPOCH, trust, chainTlv, skew).decide(header, Instant.EPOCH, null);
        }
        Instant issued = found.chain().last().link().issuedAt();
        HopId receiver = found.chain().last().link().audience();
        return capture(receiver, issued, trust, chainTlv, skew).decide(header, issued, null);
    }

    private static Verifier capture(HopId self, Instant at, Trust trust, ChainTlv chainTlv, Duration skew) {
        VerifierSettings settings = new VerifierSettings(self, at, skew, Chain.HARD_HOP_LIMIT, List.of());
        return new Verifier(settings, trust, chainTlv, new ReplayWindow(1), new VerifiedBatches(1), KnownDetails.NONE);
    }

    /** @param socket the connection; null for a captured header, to which the receiver's own rules don't apply */
    private Verification decide(Header header, Instant now, @Nullable Tuple socket) {
        try {
            Chain chain = read(header);
            checkAddresses(header, chain);
            checkShape(chain);
            List<PublicKey> signers = checkKeys(chain, now);
            checkTimes(chain, now);
            checkAudiences(chain);
            checkConnections(chain);
            if (socket != null) {
                checkAudience(chain);
                checkMyConnection(chain, socket);
            }
            List<Bytes> digests = chain.digests();
            checkSignatures(chain, signers, digests);
            details.remember(chain.origin());
            Bytes last = digests.getLast();
            if (socket != null) {
                checkReplay(chain, last, now);
            }
            return new Verification.Verified(chain, signers, last);
        } catch (Rejection e) {
            return e.rejected;
        }
    }

    private Chain read(Header header) throws Rejection {
        if (header.command() == Header.Command.LOCAL) {
            throw new Rejection(RejectReason.LOCAL_NOT_ALLOWED, -1, "command LOCAL");
        }
        ChainRead read = chainTlv.read(header, details);
        // Not a switch over types, which is slow without the optimizing compiler: this runs for each flow.
        if (read instanceof ChainRead.Found found) {
            return found.chain();
        }
        if (read instanceof ChainRead.Malformed malformed) {
            throw new Rejection(RejectReason.MALFORMED, -1, "byte " + malformed.offset() + ": " + malformed.problem());
        }
        throw new Rejection(
                RejectReason.UNSIGNED,
                -1,
                "no TLV of type " + Integer.toHexString(chainTlv.type()) + " with the chain's magic");
    }

    /** Checks that the header's address block, which every receiver reads, equals the signed tuple. */
    private static void checkAddresses(Header header, Chain chain) throws Rejection {
        Tuple signed = chain.origin().claim().unverified().tuple();
        if (header.tuple().isEmpty() || !header.tuple().get().equals(signed)) {
            throw new Rejection(
                    RejectReason.ADDRESS_MISMATCH,
                    -1,
                    "the header says " + header.tuple().map(Tuple::toString).orElse("nothing") + ", the origin says "
                            + signed);
        }
    }

    private void checkShape(Chain chain) throws Rejection {
        int count = chain.links().size();
        if (count > settings.maxHops()) {
            throw new Rejection(RejectReason.TOO_MANY_HOPS, -1, count + " links, at most " + settings.maxHops());
        }
        for (int i = 0; i < count; i++) {
            Link link = link(chain, i);
            if (link.index() != i) {
                throw new Rejection(RejectReason.LINK_ORDER, i, "index " + link.index() + " at position " + i);
            }
            if (link.hop().equals(settings.self()) || isBefore(chain, i, link.hop())) {
                throw new Rejection(RejectReason.LOOP, i, "hop " + name(link.hop()));
            }
            if (link.previousVerified() != (i > 0)) {
                throw new Rejection(
                        RejectReason.PREVIOUS_NOT_VERIFIED,
                        i,
                        i > 0
                                ? "hop " + name(link.hop()) + " had not verified the chain"
                                : "the first link has none before it");
            }
            if (link.exporter().isPresent()) {
                throw new Rejection(RejectReason.EXPORTER_NOT_CHECKABLE, i, "bound to a TLS exporter");
            }
        }
    }

    private static boolean isBefore(Chain chain, int end, HopId hop) {
        for (int i = 0; i < end; i++) {
            if (link(chain, i).hop().equals(hop)) {
                return true;
            }
        }
        return false;
    }

    private List<PublicKey> checkKeys(Chain chain, Instant now) throws Rejection {
        PublicKey[] signers = new PublicKey[chain.links().size()];
        for (int i = 0; i < signers.length; i++) {
            Link link = link(chain, i);
            Optional<TrustEntry> found = trust.find(link.key());
            if (found.isEmpty()) {
                throw new Rejection(RejectReason.UNKNOWN_KEY, i, "key " + link.key());
            }
            TrustEntry entry = found.get();
            PublicKey key = entry.key();
            if (entry.isRevoked()) {
                throw new Rejection(RejectReason.KEY_REVOKED, i, "key " + key.id() + " of " + key.hopName());
            }
            if (!entry.isInWindow(now)) {
                throw new Rejection(RejectReason.KEY_NOT_VALID_NOW, i, "key " + key.id() + " of " + key.hopName());
            }
            if (!key.hop().equals(link.hop())) {
                throw new Rejection(
                        RejectReason.KEY_OF_OTHER_HOP, i, "key of " + key.hopName() + ", link of " + name(link.hop()));
            }
            int algorithm = chain.links().get(i).proof().algorithm();
            if (algorithm != key.algorithm().code()) {
                throw new Rejection(
                        RejectReason.ALGORITHM_MISMATCH,
                        i,
                        "signature by " + Algorithm.name(algorithm) + ", key of " + key.algorithm());
            }
            if (i == 0) {
                checkOrigin(entry, chain.origin().claim().unverified().host());
            } else if (!entry.hop()) {
                throw new Rejection(RejectReason.NOT_A_HOP, i, "key " + key.id() + " of " + key.hopName());
            }
            signers[i] = key;
        }
        return List.of(signers);
    }

    private void checkOrigin(TrustEntry entry, HostId host) throws Rejection {
        if (!entry.mayBeOrigin()) {
            throw new Rejection(
                    RejectReason.NOT_AN_ORIGIN,
                    0,
                    "key " + entry.key().id() + " of " + entry.key().hopName());
        }
        if (!trust.mayBeOriginFor(entry, host)) {
            throw new Rejection(
                    RejectReason.HOST_OUT_OF_SCOPE,
                    0,
                    entry.key().hopName() + " for host " + trust.nameOf(host).orElse(host.toString()));
        }
    }

    private void checkTimes(Chain chain, Instant now) throws Rejection {
        Duration skew = settings.skew();
        int last = chain.links().size() - 1;
        Instant latest = now.plus(skew);
        for (int i = 0; i <= last; i++) {
            Link link = link(chain, i);
            Instant end = expiry(link);
            if (link.ttl().compareTo(VerifierSettings.MAX_TTL) > 0) {
                throw new Rejection(RejectReason.TTL_TOO_LONG, i, link.ttl() + ", at most " + VerifierSettings.MAX_TTL);
            }
            if (link.issuedAt().isAfter(latest)) {
                throw new Rejection(RejectReason.FROM_THE_FUTURE, i, "issued " + link.issuedAt() + ", now " + now);
            }
            if (i == last) {
                if (now.isAfter(end)) {
                    throw new Rejection(RejectReason.EXPIRED, i, "issued " + link.issuedAt() + ", now " + now);
                }
            } else {
                Instant next = link(chain, i + 1).issuedAt();
                if (next.isAfter(end)) {
                    throw new Rejection(
                            RejectReason.STALE_LINK, i, "issued " + link.issuedAt() + ", forwarded " + next);
                }
            }
            if (i > 0) {
                Instant before = link(chain, i - 1).issuedAt();
                if (link.issuedAt().isBefore(before.minus(skew))) {
                    throw new Rejection(
                            RejectReason.TIME_REVERSED, i, "issued " + link.issuedAt() + " after " + before);
                }
            }
        }
        Instant issued = link(chain, last).issuedAt();
        if (issued.isBefore(settings.startedAt())) {
            throw new Rejection(
                    RejectReason.ISSUED_BEFORE_START, last, "issued " + issued + ", started " + settings.startedAt());
        }
    }

    private void checkAudiences(Chain chain) throws Rejection {
        for (int i = 0; i < chain.links().size() - 1; i++) {
            HopId next = link(chain, i + 1).hop();
            if (!link(chain, i).audience().equals(next)) {
                throw new Rejection(
                        RejectReason.AUDIENCE_BROKEN,
                        i,
                        "for " + name(link(chain, i).audience()) + ", forwarded by " + name(next));
            }
        }
    }

    private void checkConnections(Chain chain) throws Rejection {
        Originator origin = chain.origin().claim().unverified();
        InetSocketAddress source = origin.tuple().source();
        // Behind an unsigned PROXY header the peer is the proxy that sent it; origin and link must be consistent.
        boolean isBehindProxy = origin.wayIn() == InterceptionMethod.PROXY_HEADER
                && link(chain, 0).ingress() == InterceptionMethod.PROXY_HEADER;
        Optional<InetSocketAddress> firstPeer = link(chain, 0).observedPeer();
        if (!isBehindProxy && firstPeer.isPresent() && !firstPeer.get().equals(source)) {
            throw new Rejection(RejectReason.PEER_BROKEN, 0, "the origin's source is not the first hop's peer");
        }
        for (int i = 1; i < chain.links().size(); i++) {
            InetSocketAddress left = link(chain, i - 1).outgoing().source();
            Optional<InetSocketAddress> seen = link(chain, i).observedPeer();
            HopId from = link(chain, i - 1).hop();
            HopId to = link(chain, i).hop();
            if (seen.isEmpty() || (!seen.get().equals(left) && !isTranslated(from, to, seen.get()))) {
                throw new Rejection(
                        RejectReason.PEER_BROKEN,
                        i,
                        "sent from " + Tuple.text(left) + ", received from "
                                + seen.map(Tuple::text).orElse("a Unix socket"));
            }
        }
    }

    private void checkAudience(Chain chain) throws Rejection {
        Link last = chain.last().link();
        if (!last.audience().equals(settings.self())) {
            throw new Rejection(RejectReason.NOT_MY_AUDIENCE, last.index(), "for " + name(last.audience()));
        }
    }

    private void checkMyConnection(Chain chain, Tuple socket) throws Rejection {
        Link last = chain.last().link();
        if (!last.outgoing().equals(socket) && !isTranslated(last.hop(), settings.self(), socket.source())) {
            throw new Rejection(
                    RejectReason.NOT_MY_CONNECTION,
                    last.index(),
                    "signed for " + last.outgoing() + ", arrived by " + socket);
        }
    }

    private boolean isTranslated(HopId from, HopId to, InetSocketAddress seen) {
        return settings.natExceptions().stream()
                .anyMatch(nat -> nat.from().equals(from)
                        && nat.to().equals(to)
                        && nat.egress().contains(seen.getAddress()));
    }

    private void checkSignatures(Chain chain, List<PublicKey> signers, List<Bytes> digests) throws Rejection {
        for (int i = 0; i < signers.size(); i++) {
            PublicKey key = signers.get(i);
            if (!batches.verifies(key, chain.links().get(i).proof(), digests.get(i))) {
                throw new Rejection(RejectReason.BAD_SIGNATURE, i, "key " + key.id() + " of " + key.hopName());
            }
        }
    }

    private void checkReplay(Chain chain, Bytes lastDigest, Instant now) throws Rejection {
        Link last = chain.last().link();
        Instant expiry = expiry(last);
        Originator origin = chain.origin().claim().unverified();
        HopId first = link(chain, 0).hop();
        Optional<RejectReason> problem = replays.present(lastDigest, first, origin, expiry, now);
        if (problem.isPresent()) {
            throw new Rejection(
                    problem.get(), last.index(), "flow " + origin.flow() + ", signed first by " + name(first));
        }
    }

    /** Returns the last time at which a link is fresh. */
    private Instant expiry(Link link) {
        return link.issuedAt().plusMillis(link.ttl().toMillis()).plus(settings.skew());
    }

    private static Link link(Chain chain, int index) {
        return chain.links().get(index).link();
    }

    private String name(HopId hop) {
        return hop.equals(settings.self()) ? "this hop" : trust.nameOf(hop).orElse(hop.toString());
    }

    /** Thrown by a violated rule. */
    private static final class Rejection extends Exception {
        private static final long serialVersionUID = 1L;
        private final transient Verification.Rejected rejected;

        Rejection(RejectReason reason, int link, String detail) {
            super(detail, null, false, false);
            this.rejected = new Verification.Rejected(reason, link, detail);
        }
    }
}

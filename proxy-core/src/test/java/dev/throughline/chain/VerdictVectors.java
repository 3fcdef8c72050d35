package dev.throughline.chain;

import dev.throughline.header.Bytes;
import dev.throughline.header.Tuple;
import dev.throughline.originator.HopId;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.BiConsumer;

/** Vectors of well-formed chains that verify or break one rule. */
final class VerdictVectors {
    /** SEC 2, section 2.4.2. */
    private static final BigInteger P256_ORDER =
            new BigInteger("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", 16);

    private final VectorCatalogue to;

    VerdictVectors(VectorCatalogue to) {
        this.to = to;
    }

    void add() {
        verified();
        rejected();
    }

    private void verified() {
        to.add("verified-1-hop", "One hop.", VectorCatalogue.VERIFIED, d -> d.hops(1, false));
        to.add("verified-2-hops", "Two hops.", VectorCatalogue.VERIFIED, d -> d.hops(2, false));
        to.add("verified-3-hops", "Three hops.", VectorCatalogue.VERIFIED, d -> {});
        to.add(
                "verified-4-hops",
                "Four hops, the most that a receiver accepts by default.",
                VectorCatalogue.VERIFIED,
                d -> d.hops(4, false));
        to.add("verified-8-hops", "Eight hops, the most that any receiver takes.", VectorCatalogue.VERIFIED, d -> {
            d.hops(8, false);
            d.settings.put("max-hops", "8");
        });
        to.add(
                "verified-p256",
                "Laptop and gateway sign with P-256, border with Ed25519.",
                VectorCatalogue.VERIFIED,
                d -> {
                    d.link(0).signedBy("laptop (P-256)");
                    d.link(1).signedBy("gateway (P-256)");
                });
        to.add("verified-p256-batch", "A P-256 signature over a batch of three.", VectorCatalogue.VERIFIED, d -> {
            d.link(1).signedBy("gateway (P-256)");
            d.link(1).batch(3, 1);
        });
        to.add("verified-ipv6", "Three hops over IPv6.", VectorCatalogue.VERIFIED, d -> d.hops(3, true));
        to.add(
                "verified-ipv4-over-ipv6",
                "An IPv4 flow whose first connection between hops is IPv6.",
                VectorCatalogue.VERIFIED,
                d -> {
                    d.link(0).outgoing = Scene.outgoing(0, true).encode();
                    d.link(1).peer = Forge.endpoint(Scene.outgoing(0, true).source());
                });
        to.add(
                "verified-unix-first",
                "The flow came to the first hop by a Unix socket.",
                VectorCatalogue.VERIFIED,
                d -> {
                    d.link(0).peer = new byte[0];
                    d.link(0).ingress = 8;
                });
        to.add(
                "verified-proxy-header",
                "The flow came behind an unsigned PROXY header: the first hop's peer is the proxy that sent it.",
                VectorCatalogue.VERIFIED,
                d -> behindProxyHeader(d, "000b", 11));
        to.add("verified-originator-unknown", "The originator is unknown.", VectorCatalogue.VERIFIED, d -> {
            d.forge.set(5, "0003");
            d.forge.remove(7);
            d.forge.remove(8);
            d.forge.details.clear();
        });
        to.add(
                "verified-detail-closed",
                "A later hop closed the detail \"code\".",
                VectorCatalogue.VERIFIED,
                d -> d.forge.detail(1).close());
        to.add(
                "verified-example",
                "The worked example of SPEC.md: curl on laptop, by gateway, which closed \"placement\", to vault.",
                VectorCatalogue.VERIFIED,
                d -> {
                    d.hops(2, false);
                    d.forge.detail(2).close();
                });
        to.add(
                "verified-details-all-closed",
                "All details are closed.",
                VectorCatalogue.VERIFIED,
                d -> d.forge.details.forEach(Forge.DetailForge::close));
        to.add(
                "verified-unknown-core-tag",
                "A core field of a later version, below 0x80.",
                VectorCatalogue.VERIFIED,
                d -> d.forge.core.add(new Forge.Field(0x7F, "a field of a later version", new byte[] {1})));
        to.add(
                "verified-reserved-core-tag",
                "A core tag that is set aside: it is ignored, whatever its value.",
                VectorCatalogue.VERIFIED,
                d -> d.forge.core.add(new Forge.Field(9, "set aside", new byte[] {1})));
        to.add(
                "verified-reserved-detail-tag",
                "A detail's tag that is set aside: it is ignored, whatever its value.",
                VectorCatalogue.VERIFIED,
                d -> d.forge.detail(1).add(7, "set aside", new byte[] {(byte) 0xFF}));
        to.add(
                "verified-pid-unsigned",
                "The largest pid and start time.",
                VectorCatalogue.VERIFIED,
                d -> d.forge.set(7, "fffffffefffffffffffffffe"));
        to.add(
                "verified-unknown-detail-tag",
                "A detail's field of a later version, below 0x80.",
                VectorCatalogue.VERIFIED,
                d -> d.forge.detail(3).add(0x7F, "a field of a later version", new byte[] {1}));
        to.add(
                "verified-foreign-tlvs",
                "Other TLVs around the chain, one of its type without its magic.",
                VectorCatalogue.VERIFIED,
                d -> {
                    d.forge.before.add(Forge.tlv(0x04, "0000"));
                    d.forge.after.add(Forge.tlv(0xE5, "46480100"));
                    d.forge.after.add(Forge.tlv(0xEA, ""));
                });
        to.add("verified-checksum", "A CRC32C TLV at the end.", VectorCatalogue.VERIFIED, d -> d.forge.checksum = true);
        to.add(
                "verified-2-fragments",
                "A chain of more than 1020 bytes.",
                VectorCatalogue.VERIFIED,
                d -> VectorCatalogue.grow(d.forge, 500));
        to.add(
                "verified-4-fragments",
                "A chain of four fragments, near the limit of 4096 bytes.",
                VectorCatalogue.VERIFIED,
                d -> VectorCatalogue.grow(d.forge, 3300));
        to.add(
                "verified-batch-2",
                "The last link was signed with one other.",
                VectorCatalogue.VERIFIED,
                d -> d.link(2).batch(2, 1));
        to.add(
                "verified-batch-13",
                "The last link was the last of thirteen, where the tree is uneven.",
                VectorCatalogue.VERIFIED,
                d -> d.link(2).batch(13, 12));
        to.add(
                "verified-batch-64",
                "The last link was signed with sixty-three others.",
                VectorCatalogue.VERIFIED,
                d -> d.link(2).batch(64, 37));
        to.add(
                "verified-batch-every-link",
                "Every link was signed in a batch, each at another position.",
                VectorCatalogue.VERIFIED,
                d -> {
                    d.link(0).batch(3, 2);
                    d.link(1).batch(256, 0);
                    d.link(2).batch(5, 4);
                });
        to.add(
                "verified-batch-65535",
                "The last link was signed in the largest tree that can be written, as its last leaf.",
                VectorCatalogue.VERIFIED,
                d -> d.link(2).batch(65_535, 65_534));
        to.add(
                "verified-uid-only",
                "The kernel gave the user, and nobody the process.",
                VectorCatalogue.VERIFIED,
                d -> {
                    d.forge.set(5, "0403");
                    d.forge.remove(7);
                    d.forge.set(8, "000003e8ffffffffffffffff");
                });
        to.add("verified-shared", "Several processes held the socket.", VectorCatalogue.VERIFIED, d -> {
            d.forge.set(5, "0503");
            d.forge.remove(7);
        });
        to.add(
                "verified-no-credentials",
                "A process whose user isn't known.",
                VectorCatalogue.VERIFIED,
                d -> d.forge.remove(8));
        to.add(
                "verified-legacy-size",
                "A header of 1024 bytes, the maximum of the legacy profile.",
                VectorCatalogue.VERIFIED,
                d -> VectorCatalogue.grow(d.forge, 1024 - d.forge.header().size() - 3));
        to.add(
                "verified-nat",
                "Addresses are translated between gateway and border, and the receiver has an exception for them.",
                VectorCatalogue.VERIFIED,
                d -> {
                    d.link(2).peer = Forge.endpoint(Scene.at("203.0.113.7", 1024));
                    d.settings.put("nat", "gateway border 203.0.113.0/28");
                });
    }

    private void rejected() {
        to.addRejected(
                "local", RejectReason.LOCAL_NOT_ALLOWED, -1, "A LOCAL header.", d -> d.forge.versionCommand = 0x20);
        to.addRejected(
                "unsigned", RejectReason.UNSIGNED, -1, "No chain.", d -> d.forge.fragmentEdit = list -> List.of());
        to.addRejected(
                "other-tlv-type",
                RejectReason.UNSIGNED,
                -1,
                "A chain in a TLV of another type.",
                d -> d.forge.tlvType = 0xE6);
        to.addRejected(
                "address-mismatch",
                RejectReason.ADDRESS_MISMATCH,
                -1,
                "Another destination than the signed one.",
                d -> d.forge.addresses = Tuple.tcp(Scene.flow(false).source(), Scene.at("198.51.100.81", 443))
                        .encode());
        to.addRejected(
                "too-many-hops",
                RejectReason.TOO_MANY_HOPS,
                -1,
                "Five hops at a receiver that takes four.",
                d -> d.hops(5, false));
        to.addRejected(
                "link-order",
                RejectReason.LINK_ORDER,
                1,
                "The second link says it is the third.",
                d -> d.link(1).index = 2);
        to.addRejected("loop", RejectReason.LOOP, 2, "The first hop is the third as well.", d -> {
            d.link(2).signedBy("laptop (hop)");
            d.link(1).audience = HopId.of("laptop");
        });
        to.addRejected("loop-self", RejectReason.LOOP, 1, "The receiver is in the chain already.", d -> {
            d.link(1).signedBy("vault");
            d.link(0).audience = HopId.of("vault");
        });
        to.addRejected(
                "previous-not-verified",
                RejectReason.PREVIOUS_NOT_VERIFIED,
                1,
                "A hop that hadn't verified.",
                d -> d.link(1).previousVerified = false);
        to.addRejected(
                "exporter",
                RejectReason.EXPORTER_NOT_CHECKABLE,
                2,
                "A link that is bound to a TLS connection.",
                d -> d.link(2).exporter = new byte[32]);
        to.addRejected("unknown-key", RejectReason.UNKNOWN_KEY, 1, "An untrusted key.", d -> {
            d.link(1).signedBy("stranger");
            d.link(0).audience = HopId.of("stranger");
        });
        to.addRejected(
                "key-revoked",
                RejectReason.KEY_REVOKED,
                1,
                "A key that was revoked.",
                d -> d.link(1).signedBy("gateway (revoked)"));
        to.addRejected(
                "key-past",
                RejectReason.KEY_NOT_VALID_NOW,
                0,
                "A key at the instant at which it ends.",
                d -> d.link(0).signedBy("laptop (past)"));
        to.addRejected(
                "key-future",
                RejectReason.KEY_NOT_VALID_NOW,
                0,
                "A key a millisecond before it begins.",
                d -> d.link(0).signedBy("laptop (future)"));
        to.addRejected(
                "key-of-other-hop", RejectReason.KEY_OF_OTHER_HOP, 1, "A link of office by the key of gateway.", d -> {
                    d.link(1).hop = HopId.of("office");
                    d.link(0).audience = HopId.of("office");
                });
        to.addRejected(
                "algorithm",
                RejectReason.ALGORITHM_MISMATCH,
                1,
                "Algorithm 2 by an Ed25519 key.",
                d -> d.link(1).algorithm = 2);
        to.addRejected("algorithm-p256", RejectReason.ALGORITHM_MISMATCH, 1, "Algorithm 1 by a P-256 key.", d -> {
            d.link(1).signedBy("gateway (P-256)");
            d.link(1).algorithm = 1;
        });
        to.addRejected(
                "algorithm-unknown",
                RejectReason.ALGORITHM_MISMATCH,
                1,
                "Algorithm 3, which is unknown.",
                d -> d.link(1).algorithm = 3);
        to.addRejected(
                "not-an-origin",
                RejectReason.NOT_AN_ORIGIN,
                0,
                "A first link by a key that may only continue.",
                d -> d.link(0).signedBy("office"));
        to.addRejected(
                "host-out-of-scope",
                RejectReason.HOST_OUT_OF_SCOPE,
                0,
                "A first link by the key of another host.",
                d -> d.link(0).signedBy("kiosk"));
        to.addRejected("not-a-hop", RejectReason.NOT_A_HOP, 1, "A later link by a key that may only begin.", d -> {
            d.link(1).signedBy("kiosk");
            d.link(0).audience = HopId.of("kiosk");
        });
        to.addRejected("ttl", RejectReason.TTL_TOO_LONG, 0, "A life of 30.1 seconds.", d -> d.link(0).ttl = 301);
        to.addRejected(
                "future",
                RejectReason.FROM_THE_FUTURE,
                2,
                "Issued 2.001 seconds after now.",
                d -> d.link(2).issuedAt = Scene.NOW.plusMillis(2001));
        to.addRejected(
                "expired",
                RejectReason.EXPIRED,
                2,
                "A millisecond after the life of the last link and the skew.",
                d -> d.settings.put("now", Scene.issuedAt(2).plusMillis(12001).toString()));
        to.addRejected(
                "stale-link",
                RejectReason.STALE_LINK,
                0,
                "Passed on a millisecond after its life and the skew.",
                d -> d.link(0).issuedAt = Scene.issuedAt(1).minusMillis(12001));
        to.addRejected(
                "time-reversed",
                RejectReason.TIME_REVERSED,
                1,
                "2.001 seconds older than the link before it.",
                d -> d.link(1).issuedAt = Scene.issuedAt(0).minusMillis(2001));
        to.addRejected(
                "before-start",
                RejectReason.ISSUED_BEFORE_START,
                2,
                "Issued a millisecond before the receiver started.",
                d -> d.settings.put("started", Scene.issuedAt(2).plusMillis(1).toString()));
        to.addRejected(
                "audience-broken",
                RejectReason.AUDIENCE_BROKEN,
                0,
                "Passed on by another hop than its audience.",
                d -> d.link(0).audience = HopId.of("office"));
        to.addRejected(
                "peer-origin",
                RejectReason.PEER_BROKEN,
                0,
                "The first hop saw another source than it claims.",
                d -> d.link(0).peer = Forge.endpoint(Scene.at("192.0.2.11", 40000)));
        to.addRejected(
                "peer-proxy-header-core",
                RejectReason.PEER_BROKEN,
                0,
                "Only the core says that the flow came behind an unsigned PROXY header.",
                d -> behindProxyHeader(d, "000b", 1));
        to.addRejected(
                "peer-proxy-header-link",
                RejectReason.PEER_BROKEN,
                0,
                "Only the first link says that the flow came behind an unsigned PROXY header.",
                d -> behindProxyHeader(d, "0001", 11));
        to.addRejected(
                "peer-proxy-header-later",
                RejectReason.PEER_BROKEN,
                1,
                "Behind an unsigned PROXY header, but the second hop's peer isn't the first hop.",
                d -> {
                    behindProxyHeader(d, "000b", 11);
                    d.link(1).ingress = 11;
                    d.link(1).peer = Forge.endpoint(Scene.at("10.0.0.1", 41009));
                });
        to.addRejected(
                "peer",
                RejectReason.PEER_BROKEN,
                1,
                "Came in by another connection than it left by.",
                d -> d.link(1).peer = Forge.endpoint(Scene.at("10.0.0.1", 41009)));
        to.addRejected(
                "peer-unix",
                RejectReason.PEER_BROKEN,
                2,
                "Left by TCP and came in by a Unix socket.",
                d -> d.link(2).peer = new byte[0]);
        to.addRejected(
                "nat-outside",
                RejectReason.PEER_BROKEN,
                2,
                "Translated to an address that the exception doesn't cover.",
                d -> {
                    d.link(2).peer = Forge.endpoint(Scene.at("203.0.113.16", 1024));
                    d.settings.put("nat", "gateway border 203.0.113.0/28");
                });
        to.addRejected(
                "not-my-audience",
                RejectReason.NOT_MY_AUDIENCE,
                2,
                "Meant for another receiver.",
                d -> d.link(2).audience = HopId.of("office"));
        to.addRejected(
                "not-my-connection",
                RejectReason.NOT_MY_CONNECTION,
                2,
                "Another source port than the signed one.",
                d -> d.settings.put(
                        "socket",
                        Tuple.tcp(
                                        Scene.at("10.0.2.1", 41009),
                                        Scene.outgoing(2, false).destination())
                                .toString()));
        for (int i = 0; i < 3; i++) {
            int link = i;
            to.addRejected(
                    "signature-" + i,
                    RejectReason.BAD_SIGNATURE,
                    i,
                    "Link " + i + " signed by another key.",
                    d -> d.link(link).forger = Scene.key("stranger"));
        }
        p256Signatures();
        to.addRejected("batch-size", RejectReason.BAD_SIGNATURE, 2, "Another tree size than the signed one.", d -> {
            d.link(2).batch(3, 0);
            d.link(2).claimedSize = 4;
        });
        to.addRejected("batch-leaf", RejectReason.BAD_SIGNATURE, 2, "Another leaf than the signed one.", d -> {
            d.link(2).batch(4, 2);
            d.link(2).claimedIndex = 3;
        });
        to.addRejected(
                "replayed",
                RejectReason.REPLAYED,
                2,
                "Presented for the second time.",
                d -> d.settings.put("seen", "1"));
        to.addRejected(
                "flow-repeated",
                RejectReason.FLOW_REPEATED,
                2,
                "The flow's fourth chain.",
                d -> d.settings.put("flow-seen", "3"));
        to.addRejected(
                "window-full",
                RejectReason.REPLAY_STORE_FULL,
                2,
                "A receiver whose replay store is full.",
                d -> d.settings.put("capacity", "0"));
    }

    /** Invalid signatures by the P-256 key of gateway. */
    private void p256Signatures() {
        p256("high-s", "The higher of the two values of s, with which plain ECDSA would hold as well.", (r, s) -> {
            put(s, P256_ORDER.subtract(new BigInteger(1, bytes(s))));
        });
        p256("r-0", "An r of 0.", (r, s) -> put(r, BigInteger.ZERO));
        p256("s-0", "An s of 0.", (r, s) -> put(s, BigInteger.ZERO));
        p256("r-order", "An r of n, the order of the curve.", (r, s) -> put(r, P256_ORDER));
        p256("s-order", "An s of n, the order of the curve.", (r, s) -> put(s, P256_ORDER));
        to.addRejected("p256-other-key", RejectReason.BAD_SIGNATURE, 1, "Signed by another P-256 key.", d -> {
            d.link(1).signedBy("gateway (P-256)");
            d.link(1).forger = Scene.key("stranger (P-256)");
        });
    }

    private void p256(String name, String comment, BiConsumer<ByteBuffer, ByteBuffer> edit) {
        to.addRejected("p256-" + name, RejectReason.BAD_SIGNATURE, 1, comment, d -> {
            d.link(1).signedBy("gateway (P-256)");
            d.link(1).signatureEdit = signature -> {
                edit.accept(ByteBuffer.wrap(signature, 0, 32), ByteBuffer.wrap(signature, 32, 32));
                return signature;
            };
        });
    }

    private static byte[] bytes(ByteBuffer number) {
        byte[] bytes = new byte[number.remaining()];
        number.duplicate().get(bytes);
        return bytes;
    }

    private static void put(ByteBuffer target, BigInteger number) {
        target.put(Bytes.ofHex("%064x".formatted(number)).toByteArray());
    }

    /** Returns a flow that the first hop knows from the header of a proxy at 10.9.9.9; the process is unknown. */
    static void behindProxyHeader(VectorCatalogue.Draft d, String evidenceAndWay, int ingress) {
        d.forge.set(5, evidenceAndWay);
        d.forge.remove(7);
        d.forge.remove(8);
        d.forge.details.clear();
        d.link(0).ingress = ingress;
        d.link(0).peer = Forge.endpoint(Scene.at("10.9.9.9", 50000));
    }
}

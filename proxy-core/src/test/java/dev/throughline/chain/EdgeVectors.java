package dev.throughline.chain;

import dev.throughline.header.Bytes;
import dev.throughline.header.Tlv;
import dev.throughline.key.Ed25519Arithmetic;
import dev.throughline.key.Ed25519Arithmetic.Point;
import dev.throughline.key.PrivateKey;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.function.UnaryOperator;
import java.util.zip.CRC32C;

/** Vectors with values at the limits of rules, on either side, and signatures on which implementations disagree. */
final class EdgeVectors {
    private final VectorCatalogue to;

    EdgeVectors(VectorCatalogue to) {
        this.to = to;
    }

    void add() {
        headers();
        proxyHeaders();
        connections();
        times();
        keys();
        ed25519();
    }

    private void headers() {
        to.add("verified-udp", "A flow of UDP; hops carry it over TCP.", VectorCatalogue.VERIFIED, EdgeVectors::udp);
        to.addRejected(
                "address-mismatch-transport",
                RejectReason.ADDRESS_MISMATCH,
                -1,
                "The header says TCP, signed is UDP with the same addresses.",
                d -> {
                    udp(d);
                    d.forge.family = 0x11;
                });
        to.add(
                "verified-4096-bytes",
                "A header of 4096 bytes, the maximum for a receiver.",
                VectorCatalogue.VERIFIED,
                d -> {
                    int fragments = 4;
                    int chain = 4096 - 16 - 12 - 7 * fragments;
                    VectorCatalogue.grow(d.forge, chain - d.forge.chain().size() - 3);
                });
        to.add("verified-checksum-first", "A checksum that holds, before the chain.", VectorCatalogue.VERIFIED, d -> {
            d.forge.before.add(Forge.tlv(Tlv.CRC32C, "00000000"));
            d.edit = EdgeVectors::withChecksum;
        });
        to.add(
                "verified-text",
                "A user name of letters, a space and a sign.",
                VectorCatalogue.VERIFIED,
                d -> d.forge
                        .detail(3)
                        .set(1, Bytes.ofHex("c38964617220e6849b20e29da4").toByteArray()));
        to.addRejected(
                "local-without-addresses",
                RejectReason.LOCAL_NOT_ALLOWED,
                -1,
                "A LOCAL header of family 00, whose TLVs follow the length.",
                d -> {
                    d.forge.versionCommand = 0x20;
                    d.forge.family = 0x00;
                    d.forge.addresses = new byte[0];
                });
        to.addRejected(
                "local-ipv4-mapped",
                RejectReason.LOCAL_NOT_ALLOWED,
                -1,
                "A LOCAL header with IPv4-mapped addresses, which are ignored.",
                d -> {
                    d.hops(3, true);
                    d.forge.versionCommand = 0x20;
                    d.forge.addresses = Bytes.ofHex("00000000000000000000ffffc000020a"
                                    + "00000000000000000000ffffc6336450" + "9c4001bb")
                            .toByteArray();
                });
    }

    private static void udp(VectorCatalogue.Draft d) {
        d.forge.family = 0x12;
        d.forge.set(4, "12" + Bytes.copyOf(d.forge.addresses));
    }

    private static Labelled withChecksum(Labelled header) {
        CRC32C crc = new CRC32C();
        crc.update(header.toByteArray());
        return header.replaced("TLV type 03: value", HexFormat.of().toHexDigits(crc.getValue(), 8));
    }

    private void proxyHeaders() {
        to.add(
                "verified-proxy-header-remote",
                "The flow came behind an unsigned PROXY header, from another host.",
                VectorCatalogue.VERIFIED,
                d -> VerdictVectors.behindProxyHeader(d, "060b", 11));
        String evidence = "core 5: evidence, way in";
        to.addMalformed(
                "core-proxy-header-evidence",
                "Behind an unsigned PROXY header, and yet the kernel recorded the process.",
                evidence,
                0,
                d -> d.forge.set(5, "020b"));
        to.addMalformed(
                "core-proxy-header-uid", "Behind an unsigned PROXY header, and yet of a user.", evidence, 0, d -> {
                    d.forge.set(5, "040b");
                    d.forge.remove(7);
                });
        to.addMalformed(
                "core-proxy-header-udp", "Behind an unsigned PROXY header, and yet a flow of UDP.", evidence, 0, d -> {
                    VerdictVectors.behindProxyHeader(d, "000b", 11);
                    udp(d);
                });
    }

    private void connections() {
        String mapped = "[::ffff:10.0.2.1]:41002 -> [::ffff:10.0.2.2]:7000";
        to.add(
                "verified-dual-stack",
                "The receiver's socket is of both families, and shows IPv4 addresses in IPv6 spelling.",
                VectorCatalogue.VERIFIED,
                d -> d.settings.put("socket", mapped));
        to.add(
                "verified-nat-last",
                "Addresses are translated between the last hop and the receiver; the destination isn't compared.",
                VectorCatalogue.VERIFIED,
                d -> {
                    d.settings.put("socket", "203.0.113.7:1024 -> 10.9.9.9:7001");
                    d.settings.put("nat", "border vault 203.0.113.0/28");
                });
        to.addRejected(
                "nat-last-outside",
                RejectReason.NOT_MY_CONNECTION,
                2,
                "From an address that the exception for the last hop doesn't cover.",
                d -> {
                    d.settings.put("socket", "203.0.113.16:1024 -> 10.0.2.2:7000");
                    d.settings.put("nat", "border vault 203.0.113.0/28");
                });
        to.addRejected(
                "nat-origin",
                RejectReason.PEER_BROKEN,
                0,
                "An exception for the first hop doesn't cover the origin's source.",
                d -> {
                    d.link(0).peer = Forge.endpoint(Scene.at("203.0.113.7", 1024));
                    d.settings.put("nat", "laptop gateway 203.0.113.0/28");
                });
    }

    private void times() {
        to.add("verified-ttl-longest", "A life of 30 seconds.", VectorCatalogue.VERIFIED, d -> d.link(0).ttl = 300);
        to.add(
                "verified-issued-ahead",
                "Issued 2 seconds after now, the skew.",
                VectorCatalogue.VERIFIED,
                d -> d.link(2).issuedAt = Scene.NOW.plusMillis(2000));
        to.add(
                "verified-last-moment",
                "The last millisecond of the last link's life and the skew.",
                VectorCatalogue.VERIFIED,
                d -> d.settings.put("now", Scene.issuedAt(2).plusMillis(12000).toString()));
        to.add(
                "verified-passed-on-at-the-end",
                "Passed on in the last millisecond of its life and the skew.",
                VectorCatalogue.VERIFIED,
                d -> d.link(0).issuedAt = Scene.issuedAt(1).minusMillis(12000));
        to.add(
                "verified-issued-before-previous",
                "2 seconds older than the link before it, the skew.",
                VectorCatalogue.VERIFIED,
                d -> d.link(1).issuedAt = Scene.issuedAt(0).minusMillis(2000));
        to.add(
                "verified-issued-at-start",
                "Issued in the millisecond in which the receiver started.",
                VectorCatalogue.VERIFIED,
                d -> d.settings.put("started", Scene.issuedAt(2).toString()));
        to.add("verified-key-until", "A key a millisecond before it ends.", VectorCatalogue.VERIFIED, d -> {
            d.link(0).signedBy("laptop (past)");
            d.settings.put("now", Scene.NOW.minusMillis(1).toString());
        });
        to.add("verified-key-from", "A key at the instant at which it begins.", VectorCatalogue.VERIFIED, d -> {
            Instant from = Scene.NOW.plusMillis(1);
            d.link(0).signedBy("laptop (future)");
            d.link(2).issuedAt = from;
            d.settings.put("now", from.toString());
        });
        to.addRejected(
                "replayed-last-moment",
                RejectReason.REPLAYED,
                2,
                "Presented again in the last millisecond of its life and the skew.",
                d -> {
                    d.settings.put("now", Scene.issuedAt(2).plusMillis(12000).toString());
                    d.settings.put("seen", "1");
                });
        to.add(
                "verified-flow-third",
                "The flow's third chain.",
                VectorCatalogue.VERIFIED,
                d -> d.settings.put("flow-seen", "2"));
    }

    private void keys() {
        String line = Scene.key(Scene.KEY_BY_LINE).publicKey().toText();
        to.add("verified-key-line", "A key that a line of the vector trusts.", VectorCatalogue.VERIFIED, d -> {
            d.link(1).signedBy(Scene.KEY_BY_LINE);
            d.settings.put("key", line + " hop");
        });
        to.addRejected(
                "key-line-origin-only",
                RejectReason.NOT_A_HOP,
                1,
                "A later link by a key that a line of the vector trusts for origins alone.",
                d -> {
                    d.link(1).signedBy(Scene.KEY_BY_LINE);
                    d.settings.put("key", line + " origin=*");
                });
        to.addRejected("key-line-revoked", RejectReason.KEY_REVOKED, 1, "A revoked key, also outside its time.", d -> {
            d.link(1).signedBy(Scene.KEY_BY_LINE);
            d.settings.put("key", line + " hop until=2027-01-01T00:00:00Z revoked");
        });
    }

    /** Signatures by gateway's own key: each satisfies the equation, at least when it is multiplied by 8. */
    private void ed25519() {
        BigInteger some = Ed25519Arithmetic.someNumber(1);
        Point right = Ed25519Arithmetic.BASE.times(some);
        String r = "An R that is ";
        to.add(
                "ed25519-r-identity",
                r + "the identity, which is what SB - kA gives.",
                VectorCatalogue.VERIFIED,
                d -> withR(d, Ed25519Arithmetic.NEUTRAL.encode(), BigInteger.ZERO));
        for (int order : new int[] {2, 4, 8}) {
            Point small = Ed25519Arithmetic.OF_ORDER_8.times(BigInteger.valueOf(8 / order));
            refused(
                    "r-order-" + order,
                    r + "a point of order " + order + ".",
                    d -> withR(d, small.encode(), BigInteger.ZERO));
            refused(
                    "r-mixed-" + order,
                    r + "right but for a point of order " + order + ".",
                    d -> withR(d, right.plus(small).encode(), some));
        }
        refused(
                "r-y-of-p-plus-1",
                r + "the identity with a y of p + 1.",
                d -> withR(
                        d, hex("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"), BigInteger.ZERO));
        refused(
                "r-negative-zero",
                r + "the identity with the sign of an x of 0 set.",
                d -> withR(
                        d, hex("0100000000000000000000000000000000000000000000000000000000000080"), BigInteger.ZERO));
        refused(
                "r-no-point",
                r + "no point of the curve.",
                d -> withR(
                        d, hex("0200000000000000000000000000000000000000000000000000000000000000"), BigInteger.ZERO));
        refused(
                "s-plus-order",
                "An S to which the order L was added.",
                d -> d.link(1).signatureEdit = EdgeVectors::plusOrder);
        refused(
                "s-top-bit",
                "An S whose highest bit is set.",
                d -> d.link(1).signatureEdit = signature -> {
                    signature[63] |= (byte) 0x80;
                    return signature;
                });
    }

    private void refused(String name, String comment, java.util.function.Consumer<VectorCatalogue.Draft> change) {
        to.addRejected("ed25519-" + name, RejectReason.BAD_SIGNATURE, 1, comment, change);
    }

    private static void withR(VectorCatalogue.Draft d, byte[] encodedR, BigInteger r) {
        PrivateKey gateway = Scene.key("gateway");
        BigInteger secret = Ed25519Arithmetic.scalar(gateway);
        UnaryOperator<byte[]> signing = message -> Ed25519Arithmetic.signature(
                encodedR, r, secret, gateway.publicKey().bytes().toByteArray(), message);
        d.link(1).forger = new Ed25519Arithmetic.OddSigner(gateway.publicKey(), signing);
    }

    private static byte[] plusOrder(byte[] signature) {
        BigInteger s = Ed25519Arithmetic.number(Arrays.copyOfRange(signature, 32, 64));
        ByteBuffer.wrap(signature).put(32, Ed25519Arithmetic.littleEndian(s.add(Ed25519Arithmetic.ORDER)));
        return signature;
    }

    private static byte[] hex(String hex) {
        return HexFormat.of().parseHex(hex);
    }
}

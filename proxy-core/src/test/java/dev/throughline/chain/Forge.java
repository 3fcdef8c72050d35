package dev.throughline.chain;

import dev.throughline.header.Bytes;
import dev.throughline.header.Tlv;
import dev.throughline.header.TransportProtocol;
import dev.throughline.header.Tuple;
import dev.throughline.key.KeyId;
import dev.throughline.key.PrivateKey;
import dev.throughline.key.SigningKey;
import dev.throughline.originator.HopId;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.zip.CRC32C;

/**
 * A writer of valid and invalid headers, byte by byte from SPEC.md, which signs them. It shares no code
 * with the product but the signatures themselves, so that the two are a check on each other.
 */
final class Forge {
    final List<Field> core = new ArrayList<>();
    final List<DetailForge> details = new ArrayList<>();
    final List<LinkForge> links = new ArrayList<>();
    int versionCommand = 0x21;
    int family;
    byte[] addresses;
    int tlvType = 0xE5;
    final List<Tlv> before = new ArrayList<>();
    final List<Tlv> after = new ArrayList<>();
    boolean checksum;
    UnaryOperator<Labelled> chainEdit = UnaryOperator.identity();
    UnaryOperator<List<Labelled>> fragmentEdit = UnaryOperator.identity();

    record Field(int tag, String name, byte[] value) {}

    /** Creates a forge of the chain of {@link Scene#chain}. */
    static Forge of(int hops, boolean ipv6) {
        Forge forge = new Forge();
        Tuple flow = Scene.flow(ipv6);
        forge.family = flow.transport().code();
        forge.addresses = flow.encode();
        forge.core.add(
                new Field(1, "origin host id", hex(FixedRandom.sha256(ascii("throughline/host-id/v1\0laptop")), 8)));
        forge.core.add(new Field(2, "flow id", HexFormat.of().parseHex("00112233445566778899aabbccddeeff")));
        forge.core.add(new Field(3, "observed at", millis(Scene.OBSERVED)));
        forge.core.add(new Field(4, "transport and original tuple", tupleField(flow)));
        forge.core.add(new Field(5, "evidence, way in", new byte[] {2, 3}));
        forge.core.add(new Field(6, "operating system", new byte[] {1}));
        forge.core.add(new Field(
                7, "pid, start time", buffer(12).putInt(4242).putLong(987654).array()));
        forge.core.add(new Field(
                8,
                "uid, effective uid, gid",
                buffer(12).putInt(1000).putInt(1000).putInt(100).array()));
        FixedRandom salts = new FixedRandom("salts");
        forge.details.add(new DetailForge(1, "code", salts.take(16))
                .add(1, "executable path", "/usr/bin/curl")
                .add(2, "executable's SHA-256", Scene.EXECUTABLE_SHA256.toByteArray())
                .add(3, "command name", "curl"));
        forge.details.add(new DetailForge(2, "placement", salts.take(16))
                .add(1, "boot id", Scene.BOOT_ID.toByteArray())
                .add(2, "cgroup path", "/user.slice/user-1000.slice"));
        forge.details.add(new DetailForge(3, "person", salts.take(16)).add(1, "user name", "ada"));
        for (int i = 0; i < hops; i++) {
            forge.links.add(new LinkForge(i, hops, ipv6));
        }
        return forge;
    }

    LinkForge link(int index) {
        return links.get(index);
    }

    LinkForge lastLink() {
        return links.getLast();
    }

    DetailForge detail(int kind) {
        return details.stream()
                .filter(detail -> detail.kind == kind)
                .findFirst()
                .orElseThrow();
    }

    /** Gives the field of this tag another value. */
    void set(int tag, String hex) {
        core.replaceAll(field ->
                field.tag == tag ? new Field(tag, field.name, HexFormat.of().parseHex(hex)) : field);
    }

    void remove(int tag) {
        core.removeIf(field -> field.tag == tag);
    }

    byte[] bytes() {
        return header().toByteArray();
    }

    Labelled header() {
        Labelled out = new Labelled();
        before.forEach(tlv -> put(out, tlv));
        for (Labelled fragment : fragments()) {
            out.lead("TLV type", 1, tlvType)
                    .lead("TLV length", 2, fragment.size())
                    .putAll(fragment);
        }
        after.forEach(tlv -> put(out, tlv));
        if (checksum) {
            out.lead("TLV type: CRC32C", 1, 3).lead("TLV length: CRC32C", 2, 4);
        }
        int length = addresses.length + out.size() + (checksum ? 4 : 0);
        Labelled header = new Labelled()
                .put("signature", HexFormat.of().parseHex("0d0a0d0a000d0a515549540a"))
                .u8("version and command", versionCommand)
                .u8("family", family)
                .u16("length", length)
                .put("address block: original source and destination", addresses)
                .putAll(out);
        if (checksum) {
            CRC32C crc = new CRC32C();
            crc.update(header.toByteArray());
            crc.update(new byte[4]);
            header.put("CRC32C", buffer(4).putInt((int) crc.getValue()).array());
        }
        return header;
    }

    private List<Labelled> fragments() {
        Labelled chain = chainEdit.apply(chain());
        int count = (chain.size() + 1019) / 1020;
        List<Labelled> fragments = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            fragments.add(new Labelled()
                    .lead("magic", 2, 0x4649)
                    .lead("chain version", 1, 1)
                    .u8("fragment " + (i + 1) + " of " + count, (i << 4) | (count - 1))
                    .putAll(chain.slice(1020 * i, Math.min(chain.size(), 1020 * (i + 1)))));
        }
        return fragmentEdit.apply(fragments);
    }

    Labelled chain() {
        Labelled coreBytes = new Labelled();
        for (Field field : core) {
            put(coreBytes, "core", field);
        }
        Labelled detailBytes = new Labelled();
        details.forEach(detail -> detail.write(detailBytes));
        Labelled chain = new Labelled()
                .lead("origin block", 1, 1)
                .u16("length of the origin block", 2 + coreBytes.size() + detailBytes.size())
                .u16("length of the core", coreBytes.size())
                .putAll(coreBytes)
                .putAll(detailBytes);
        byte[] previous = originDigest(coreBytes.toByteArray());
        for (LinkForge link : links) {
            previous = link.write(chain, previous);
        }
        return chain;
    }

    private byte[] originDigest(byte[] coreBytes) {
        Labelled commitments = new Labelled();
        details.forEach(detail -> commitments.u8("kind", detail.kind).put("commitment", detail.commitment()));
        return FixedRandom.sha256(
                ascii("throughline/origin/v1\0"), u16(coreBytes.length), coreBytes, commitments.toByteArray());
    }

    private static void put(Labelled out, Tlv tlv) {
        String name = String.format("TLV type %02x", tlv.type());
        out.lead(name, 1, tlv.type())
                .lead(name + ": length", 2, tlv.value().length())
                .put(name + ": value", tlv.value().toByteArray());
    }

    private static void put(Labelled out, String where, Field field) {
        String name = where + " " + field.tag;
        out.lead(name, 1, field.tag)
                .lead(name + ": length", 2, field.value.length)
                .put(name + ": " + field.name, field.value);
    }

    /** One detail, open with its own salt until it is closed. */
    static final class DetailForge {
        int kind;
        int form;
        byte[] salt;
        byte[] closedPayload;
        final List<Field> fields = new ArrayList<>();
        private final String name;

        DetailForge(int kind, String name, byte[] salt) {
            this.kind = kind;
            this.name = name;
            this.salt = salt;
        }

        DetailForge add(int tag, String field, String text) {
            return add(tag, field, text.getBytes(StandardCharsets.UTF_8));
        }

        DetailForge add(int tag, String field, byte[] value) {
            fields.add(new Field(tag, field, value));
            return this;
        }

        void set(int tag, byte[] value) {
            fields.replaceAll(field -> field.tag == tag ? new Field(tag, field.name, value) : field);
        }

        /** Replaces the content by its commitment, as any later hop may. */
        void close() {
            closedPayload = commitment();
            form = 1;
        }

        byte[] commitment() {
            Labelled content = content();
            return form == 1
                    ? closedPayload
                    : FixedRandom.sha256(
                            ascii("throughline/detail/v1\0"), new byte[] {(byte) kind}, salt, content.toByteArray());
        }

        private Labelled content() {
            Labelled content = new Labelled();
            fields.forEach(field -> put(content, name, field));
            return content;
        }

        void write(Labelled out) {
            out.lead("detail " + kind + ": " + name, 1, kind).lead(name + (form == 0 ? ": open" : ": closed"), 1, form);
            if (form == 1) {
                out.lead(name + ": length", 2, closedPayload.length).put(name + ": commitment", closedPayload);
            } else {
                Labelled content = content();
                out.lead(name + ": length", 2, salt.length + content.size())
                        .put(name + ": salt", salt)
                        .putAll(content);
            }
        }
    }

    /** One link, signed when it is written. */
    static final class LinkForge {
        int index;
        Integer flags;
        PrivateKey signer;
        SigningKey forger;
        HopId hop;
        KeyId keyId;
        HopId audience;
        Instant issuedAt;
        int ttl = 100;
        int ingress;
        int egress = 1;
        byte[] peer;
        byte[] outgoing;
        byte[] exporter = {};
        boolean previousVerified;
        int algorithm;
        int batchSize = 1;
        int batchIndex;
        Integer claimedSize;
        Integer claimedIndex;
        UnaryOperator<List<byte[]>> pathEdit = UnaryOperator.identity();
        UnaryOperator<byte[]> signatureEdit = UnaryOperator.identity();

        LinkForge(int i, int hops, boolean ipv6) {
            index = i;
            signedBy(Scene.HOPS.get(i));
            audience = HopId.of(i == hops - 1 ? Scene.RECEIVER : Scene.HOPS.get(i + 1));
            issuedAt = Scene.issuedAt(i);
            ingress = i == 0 ? 3 : 1;
            peer = endpoint(
                    i == 0
                            ? Scene.flow(ipv6).source()
                            : Scene.outgoing(i - 1, ipv6).source());
            outgoing = Scene.outgoing(i, ipv6).encode();
            previousVerified = i > 0;
        }

        /** Signs by the key of this label, in the name of its hop. */
        void signedBy(String label) {
            signer = Scene.key(label);
            hop = signer.publicKey().hop();
            keyId = signer.publicKey().id();
            algorithm = signer.publicKey().algorithm().code();
        }

        /** Puts the link at a position in a batch of others. */
        void batch(int size, int place) {
            batchSize = size;
            batchIndex = place;
        }

        Labelled body() {
            String name = "link " + index;
            int bits = (peer.length == 6 ? 1 : peer.length == 18 ? 2 : 0)
                    | (outgoing.length == 36 ? 4 : 0)
                    | (exporter.length > 0 ? 8 : 0)
                    | (previousVerified ? 16 : 0);
            return new Labelled()
                    .u8(name + ": index", index)
                    .u8(name + ": flags", flags == null ? bits : flags)
                    .put(name + ": hop id", buffer(8).putLong(hop.value()).array())
                    .put(name + ": key id", buffer(8).putLong(keyId.value()).array())
                    .put(
                            name + ": audience",
                            buffer(8).putLong(audience.value()).array())
                    .put(name + ": issued at", millis(issuedAt))
                    .u16(name + ": ttl in 100 ms", ttl)
                    .u8(name + ": way in", ingress)
                    .u8(name + ": way out", egress)
                    .put(name + ": observed peer", peer)
                    .put(name + ": outgoing tuple", outgoing)
                    .put(name + ": TLS exporter", exporter);
        }

        /** Writes the link and its signature, and returns its digest. */
        byte[] write(Labelled out, byte[] previous) {
            String name = "link " + index;
            Labelled body = body();
            byte[] digest =
                    FixedRandom.sha256(ascii("throughline/link/v1\0"), previous, u16(body.size()), body.toByteArray());
            List<byte[]> leaves = leaves(batchSize, batchIndex, digest);
            List<byte[]> path = pathEdit.apply(Rfc6962.path(batchIndex, leaves));
            ByteBuffer message = buffer(20 + 1 + 8 + 2 + 32)
                    .put(ascii("throughline/root/v1\0"))
                    .put((byte) signer.publicKey().algorithm().code())
                    .putLong(keyId.value())
                    .putShort((short) batchSize)
                    .put(Rfc6962.root(leaves));
            byte[] signed = new byte[message.position()];
            message.get(0, signed);
            byte[] signature = signatureEdit.apply((forger == null ? signer : forger).sign(signed));
            out.lead(name, 1, 2).u16(name + ": length of the body", body.size()).putAll(body);
            out.u16(name + ": length of the proof", 5 + 32 * path.size() + signature.length)
                    .u8(name + ": algorithm", algorithm)
                    .u16(name + ": tree size", claimedSize == null ? batchSize : claimedSize)
                    .u16(name + ": leaf index", claimedIndex == null ? batchIndex : claimedIndex);
            for (int i = 0; i < path.size(); i++) {
                out.put(name + ": sibling " + i, path.get(i));
            }
            out.put(name + ": signature", signature);
            return digest;
        }

        private static List<byte[]> leaves(int size, int place, byte[] digest) {
            FixedRandom others = new FixedRandom("other links of the batch");
            List<byte[]> leaves = new ArrayList<>();
            for (int i = 0; i < size; i++) {
                leaves.add(i == place ? digest : others.take(32));
            }
            return leaves;
        }
    }

    static byte[] endpoint(InetSocketAddress endpoint) {
        byte[] address = endpoint.getAddress().getAddress();
        return buffer(address.length + 2)
                .put(address)
                .putShort((short) endpoint.getPort())
                .array();
    }

    static byte[] tupleField(Tuple tuple) {
        TransportProtocol transport = tuple.transport();
        return buffer(1 + transport.addressBytes())
                .put((byte) transport.code())
                .put(tuple.encode())
                .array();
    }

    static Tlv tlv(int type, String hex) {
        return new Tlv(type, Bytes.ofHex(hex));
    }

    private static byte[] hex(byte[] bytes, int length) {
        return Arrays.copyOf(bytes, length);
    }

    private static byte[] millis(Instant time) {
        return Arrays.copyOfRange(buffer(8).putLong(time.toEpochMilli()).array(), 2, 8);
    }

    private static byte[] u16(int value) {
        return new byte[] {(byte) (value >> 8), (byte) value};
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static ByteBuffer buffer(int size) {
        return ByteBuffer.allocate(size);
    }
}

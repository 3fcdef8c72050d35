package dev.throughline.chain;

import dev.throughline.key.Algorithm;
import dev.throughline.key.KeyId;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;

/**
 * The digests of SPEC.md, section "Digests": always over bytes as they travel. Each kind has a context of its own, so that
 * bytes of one kind can never stand for another, and leaves differ from nodes in their first byte (RFC 6962, section 2.1).
 */
final class Digests {
    static final int SIZE = 32;
    private static final byte[] DETAIL = context("throughline/detail/v1");
    private static final byte[] ORIGIN = context("throughline/origin/v1");
    private static final byte[] LINK = context("throughline/link/v1");
    private static final byte[] ROOT = context("throughline/root/v1");

    private Digests() {}

    /** C_kind, the commitment to a detail that is sent open. */
    static byte[] detail(int kind, byte[] salt, byte[] fields) {
        return sha256(DETAIL, new byte[] {(byte) kind}, salt, fields);
    }

    /** D_origin: the core, and of each detail its kind and commitment, whether it is open or closed. */
    static byte[] origin(byte[] core, List<Detail> details) {
        ByteBuffer commitments = ByteBuffer.allocate(details.size() * (1 + SIZE));
        for (Detail detail : details) {
            commitments.put((byte) detail.kind()).put(detail.commitment());
        }
        return sha256(ORIGIN, u16(core.length), core, commitments.array());
    }

    /** D_i: the digest before it and this link's body. */
    static byte[] link(byte[] previous, byte[] body) {
        return sha256(LINK, previous, u16(body.length), body);
    }

    static byte[] leaf(byte[] linkDigest) {
        return sha256(new byte[] {0}, linkDigest);
    }

    static byte[] node(byte[] left, byte[] right) {
        return sha256(new byte[] {1}, left, right);
    }

    /** The message that a key signs for a tree of {@code treeSize} leaves. */
    static byte[] rootMessage(Algorithm algorithm, KeyId key, int treeSize, byte[] root) {
        return ByteBuffer.allocate(ROOT.length + 1 + 8 + 2 + SIZE)
                .put(ROOT)
                .put((byte) algorithm.code())
                .putLong(key.value())
                .putShort((short) treeSize)
                .put(root)
                .array();
    }

    private static byte[] u16(int value) {
        return new byte[] {(byte) (value >> 8), (byte) value};
    }

    private static byte[] context(String text) {
        return (text + "\0").getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] sha256(byte[]... parts) {
        try {
            MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
            for (byte[] part : parts) {
                sha256.update(part);
            }
            return sha256.digest();
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }
}

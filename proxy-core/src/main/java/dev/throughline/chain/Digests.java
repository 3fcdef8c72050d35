package dev.throughline.chain;

import dev.throughline.header.Bytes;
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

    /** Looking one up costs as much as using it; each is back in its first state when a digest is done. */
    private static final ThreadLocal<MessageDigest> SHA_256 = ThreadLocal.withInitial(Digests::newSha256);

    private Digests() {}

    /** C_kind, the commitment to a detail that is sent open. */
    static Bytes detail(Detail.Kind kind, Bytes salt, Bytes fields) {
        MessageDigest sha256 = SHA_256.get();
        sha256.update(DETAIL);
        sha256.update((byte) kind.code());
        salt.addTo(sha256);
        fields.addTo(sha256);
        return done(sha256);
    }

    /** D_origin: the core, and of each detail its kind and commitment, whether it is open or closed. */
    static Bytes origin(Bytes core, List<Detail> details) {
        // Commitments first: they use the same thread's digest.
        Bytes[] commitments = new Bytes[details.size()];
        for (int i = 0; i < commitments.length; i++) {
            commitments[i] = details.get(i).commitment();
        }
        MessageDigest sha256 = SHA_256.get();
        sha256.update(ORIGIN);
        u16(sha256, core.length());
        core.addTo(sha256);
        for (int i = 0; i < commitments.length; i++) {
            sha256.update((byte) details.get(i).kind().code());
            commitments[i].addTo(sha256);
        }
        return done(sha256);
    }

    /** D_i: the digest before it and this link's body. */
    static Bytes link(Bytes previous, Bytes body) {
        MessageDigest sha256 = SHA_256.get();
        sha256.update(LINK);
        previous.addTo(sha256);
        u16(sha256, body.length());
        body.addTo(sha256);
        return done(sha256);
    }

    static Bytes leaf(Bytes linkDigest) {
        MessageDigest sha256 = SHA_256.get();
        sha256.update((byte) 0);
        linkDigest.addTo(sha256);
        return done(sha256);
    }

    static Bytes node(Bytes left, Bytes right) {
        MessageDigest sha256 = SHA_256.get();
        sha256.update((byte) 1);
        left.addTo(sha256);
        right.addTo(sha256);
        return done(sha256);
    }

    /** The message that a key signs for a tree of {@code treeSize} leaves. */
    static byte[] rootMessage(Algorithm algorithm, KeyId key, int treeSize, Bytes root) {
        ByteBuffer message = ByteBuffer.allocate(ROOT.length + 1 + 8 + 2 + SIZE)
                .put(ROOT)
                .put((byte) algorithm.code())
                .putLong(key.value())
                .putShort((short) treeSize);
        root.copyInto(message.array(), message.position());
        return message.array();
    }

    private static void u16(MessageDigest digest, int value) {
        digest.update((byte) (value >> 8));
        digest.update((byte) value);
    }

    private static Bytes done(MessageDigest sha256) {
        return Bytes.wrap(sha256.digest());
    }

    private static byte[] context(String text) {
        return (text + "\0").getBytes(StandardCharsets.US_ASCII);
    }

    private static MessageDigest newSha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }
}

package dev.throughline.chain;

import dev.throughline.header.Bytes;
import dev.throughline.key.Algorithm;
import dev.throughline.key.Ed25519Acceleration;
import dev.throughline.key.KeyId;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import org.jspecify.annotations.Nullable;

/**
 * The digests of SPEC.md, section "Digests", always over the encoded bytes. Each kind has its own context, so that bytes of one
 * kind can't be used as another, and leaves differ from nodes in their first byte (RFC 6962, section 2.1).
 */
final class Digests {
    static final int SIZE = 32;
    private static final byte[] DETAIL = context("throughline/detail/v1");
    private static final byte[] ORIGIN = context("throughline/origin/v1");
    private static final byte[] LINK = context("throughline/link/v1");
    private static final byte[] ROOT = context("throughline/root/v1");

    private static final ThreadLocal<Sha256> SHA_256 = ThreadLocal.withInitial(Sha256::new);

    private Digests() {}

    /** Returns C_kind, the commitment to an open detail. */
    static Bytes detail(Detail.Kind kind, Bytes salt, Bytes fields) {
        return sha256().add(DETAIL).u8(kind.code()).add(salt).add(fields).done();
    }

    /** Returns D_origin: over the core, and the kind and commitment of each detail, open or closed. */
    static Bytes origin(Bytes core, DetailList details) {
        // Commitments first: they use the same thread's digest.
        Bytes commitments = details.commitments();
        return sha256().add(ORIGIN)
                .u16(core.length())
                .add(core)
                .add(commitments)
                .done();
    }

    /** Returns D_i: over the digest before it and this link's body. */
    static Bytes link(Bytes previous, Bytes body) {
        return sha256().add(LINK).add(previous).u16(body.length()).add(body).done();
    }

    static Bytes leaf(Bytes linkDigest) {
        return sha256().u8(0).add(linkDigest).done();
    }

    static Bytes node(Bytes left, Bytes right) {
        return sha256().u8(1).add(left).add(right).done();
    }

    /** Returns the message that a key signs for a tree of {@code treeSize} leaves. */
    static byte[] rootMessage(Algorithm algorithm, KeyId key, int treeSize, Bytes root) {
        byte[] message = new byte[ROOT.length + 1 + 8 + 2 + SIZE];
        new ByteWriter(message, 0, message.length)
                .bytes(ROOT)
                .u8(algorithm.code())
                .i64(key.value())
                .u16(treeSize)
                .bytes(root);
        return message;
    }

    private static Sha256 sha256() {
        Sha256 ofThread = SHA_256.get();
        Ed25519Acceleration current = Ed25519Acceleration.current();
        if (ofThread.engine != current) {
            ofThread.engine = current;
            ofThread.digest = Ed25519Acceleration.sha256();
        }
        return ofThread;
    }

    private static byte[] context(String text) {
        return (text + "\0").getBytes(StandardCharsets.US_ASCII);
    }

    /**
     * A digest that collects its input before hashing, because many small updates are slow: signing a header takes 1.7 instead
     * of 1.8 µs.
     */
    private static final class Sha256 {
        private final byte[] gathered = new byte[512];
        private @Nullable Ed25519Acceleration engine = Ed25519Acceleration.current();
        private MessageDigest digest = Ed25519Acceleration.sha256();
        private int count;

        Sha256 u8(int value) {
            ensureCapacity(1);
            gathered[count++] = (byte) value;
            return this;
        }

        Sha256 u16(int value) {
            return u8(value >> 8).u8(value);
        }

        Sha256 add(byte[] bytes) {
            ensureCapacity(bytes.length);
            System.arraycopy(bytes, 0, gathered, count, bytes.length);
            count += bytes.length;
            return this;
        }

        Sha256 add(Bytes bytes) {
            ensureCapacity(bytes.length());
            if (bytes.length() > gathered.length) {
                bytes.addTo(digest);
            } else {
                bytes.copyInto(gathered, count);
                count += bytes.length();
            }
            return this;
        }

        private void ensureCapacity(int more) {
            if (more > gathered.length - count) {
                digest.update(gathered, 0, count);
                count = 0;
            }
        }

        /** Returns the digest of the bytes added since the last one. */
        Bytes done() {
            digest.update(gathered, 0, count);
            count = 0;
            return Bytes.wrap(digest.digest());
        }
    }
}

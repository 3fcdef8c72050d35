package dev.throughline.key;

import com.google.common.base.Splitter;
import dev.throughline.header.Bytes;
import dev.throughline.originator.HopId;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.List;
import org.bouncycastle.math.ec.rfc8032.Ed25519;

/**
 * The public half of a hop's key, together with the name of the hop that owns it. The name is part of the key's text, so
 * whoever trusts the text trusts the name, and the hop id in a link must be the one of this name.
 *
 * <p>Text form, one line that fits in a ticket: {@code NAME+KEYID+BASE64(algorithm code, public key)}, as in C2SP
 * signed-note verifier keys.
 */
public final class PublicKey {
    private final String hopName;
    private final Algorithm algorithm;
    private final byte[] encoded;
    private final Ed25519.PublicPoint point;
    private final KeyId id;

    private PublicKey(String hopName, Algorithm algorithm, byte[] encoded, Ed25519.PublicPoint point) {
        this.hopName = hopName;
        this.algorithm = algorithm;
        this.encoded = encoded;
        this.point = point;
        this.id = new KeyId(ByteBuffer.wrap(digest(algorithm, encoded)).getLong());
    }

    /**
     * A key of 32 bytes.
     *
     * @throws KeyFormatException unless it is the canonical encoding of a point of the prime-order group: a key outside
     *     it would let one signature hold for several messages
     */
    static PublicKey ed25519(String hopName, byte[] encoded) throws KeyFormatException {
        if (encoded.length != Ed25519.PUBLIC_KEY_SIZE) {
            throw new KeyFormatException("an Ed25519 public key has 32 bytes, this one has " + encoded.length);
        }
        Ed25519.PublicPoint point = Ed25519.validatePublicKeyFullExport(encoded, 0);
        if (point == null) {
            throw new KeyFormatException("these 32 bytes are not a valid Ed25519 public key");
        }
        return new PublicKey(checkedName(hopName), Algorithm.ED25519, encoded.clone(), point);
    }

    /**
     * Reads the text form.
     *
     * @param text one line; blanks around it don't matter
     * @return the key
     * @throws KeyFormatException for another form, or a key whose id isn't the one beside it
     */
    public static PublicKey parse(String text) throws KeyFormatException {
        List<String> parts = Splitter.on('+').limit(3).splitToList(text.strip());
        if (parts.size() != 3) {
            throw new KeyFormatException("a public key reads NAME+KEYID+BASE64, found \"" + abbreviated(text) + "\"");
        }
        byte[] bytes = base64(parts.get(2));
        if (bytes.length == 0 || bytes[0] != Algorithm.ED25519.code()) {
            throw new KeyFormatException("the key's algorithm is not Ed25519 (1)");
        }
        PublicKey key = ed25519(parts.get(0), java.util.Arrays.copyOfRange(bytes, 1, bytes.length));
        if (!key.id.toString().equals(parts.get(1))) {
            throw new KeyFormatException("key id " + abbreviated(parts.get(1))
                    + " doesn't belong to this key, whose id is " + key.id + ": was the text cut or edited?");
        }
        return key;
    }

    /** {@return the name of the hop that owns the key} */
    public String hopName() {
        return hopName;
    }

    /** {@return the id of the hop that owns the key} */
    public HopId hop() {
        return HopId.of(hopName);
    }

    /** {@return the one algorithm that it is for} */
    public Algorithm algorithm() {
        return algorithm;
    }

    /** {@return how links name it} */
    public KeyId id() {
        return id;
    }

    /**
     * Whether a signature is this key's; strict: RFC 8032 with canonical S.
     *
     * @param message all of it, not hashed
     * @param signature 64 bytes; any other number is no signature
     * @return whether it holds
     */
    public boolean verifies(byte[] message, byte[] signature) {
        return signature.length == Ed25519.SIGNATURE_SIZE
                && Ed25519.verify(signature, 0, point, message, 0, message.length);
    }

    /** {@return {@code SHA256:} and the unpadded base64 of SHA-256(algorithm code, public key), to compare by eye or phone} */
    public String fingerprint() {
        return "SHA256:" + Base64.getEncoder().withoutPadding().encodeToString(digest(algorithm, encoded));
    }

    /** {@return the public key's own 32 bytes} */
    public Bytes bytes() {
        return Bytes.copyOf(encoded);
    }

    /** {@return the text form, one line} */
    public String toText() {
        return hopName + "+" + id + "+" + Base64.getEncoder().encodeToString(withAlgorithm(algorithm, encoded));
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof PublicKey that && toText().equals(that.toText());
    }

    @Override
    public int hashCode() {
        return id.hashCode();
    }

    @Override
    public String toString() {
        return toText();
    }

    static String checkedName(String hopName) throws KeyFormatException {
        try {
            HopId.of(hopName);
            return hopName;
        } catch (IllegalArgumentException e) {
            throw new KeyFormatException(String.valueOf(e.getMessage()));
        }
    }

    static byte[] base64(String text) throws KeyFormatException {
        try {
            byte[] bytes = Base64.getDecoder().decode(text);
            if (!Base64.getEncoder().encodeToString(bytes).equals(text)) {
                throw new KeyFormatException("the key's base64 is not in its canonical form");
            }
            return bytes;
        } catch (IllegalArgumentException e) {
            throw new KeyFormatException("the key's last part is not base64: was the line cut?");
        }
    }

    static String abbreviated(String text) {
        return text.length() <= 40 ? text : text.substring(0, 40) + "…";
    }

    static byte[] withAlgorithm(Algorithm algorithm, byte[] key) {
        byte[] all = new byte[key.length + 1];
        all[0] = (byte) algorithm.code();
        System.arraycopy(key, 0, all, 1, key.length);
        return all;
    }

    private static byte[] digest(Algorithm algorithm, byte[] encoded) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(withAlgorithm(algorithm, encoded));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }
}

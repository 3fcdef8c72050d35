package dev.throughline.key;

import com.google.common.base.Splitter;
import dev.throughline.header.Bytes;
import dev.throughline.originator.HopId;
import dev.throughline.originator.PlainText;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;

/**
 * The public half of a hop's key, with the name of the hop that owns it. The name is part of the key's text: an operator who
 * trusts the text trusts the name, and the hop id in a link must belong to this name.
 *
 * <p>Text form, one line that fits in a ticket: {@code NAME+KEYID+BASE64(algorithm code, public key)}, as in C2SP
 * signed-note verifier keys.
 */
public final class PublicKey {
    private final String hopName;
    private final Algorithm algorithm;
    private final byte[] encoded;
    private final PublicHalf half;
    private final KeyId id;
    private final HopId hop;

    private PublicKey(String hopName, Algorithm algorithm, byte[] encoded, PublicHalf half) {
        this.hopName = hopName;
        this.algorithm = algorithm;
        this.encoded = encoded;
        this.half = half;
        this.id = new KeyId(ByteBuffer.wrap(digest(algorithm, encoded)).getLong());
        this.hop = HopId.of(hopName);
    }

    /**
     * Creates a key from its encoding: 32 bytes for Ed25519, a compressed point of 33 bytes for P-256.
     *
     * @param hopName the name of the hop that owns it
     * @param algorithm the key's algorithm
     * @param encoded 32 or 33 bytes
     * @return the key
     * @throws KeyFormatException for an invalid name or key; a key is not checked again later
     */
    public static PublicKey of(String hopName, Algorithm algorithm, byte[] encoded) throws KeyFormatException {
        PublicHalf half = switch (algorithm) {
            case ED25519 -> Ed25519PublicHalf.decode(encoded);
            case P256 -> P256PublicHalf.decode(encoded);
        };
        return new PublicKey(checkedName(hopName), algorithm, encoded.clone(), half);
    }

    /**
     * Creates a P-256 key from the uncompressed point, the form that most devices use.
     *
     * @param hopName the name of the hop that owns it
     * @param point 65 bytes; the first is 4
     * @return the key
     * @throws KeyFormatException for another form, or a point that isn't on the curve
     */
    public static PublicKey ofUncompressedP256(String hopName, byte[] point) throws KeyFormatException {
        if (point.length != 2 * P256.PUBLIC_KEY_BYTES - 1 || point[0] != 4) {
            throw new KeyFormatException("an uncompressed P-256 point has 65 bytes and begins with 04");
        }
        return of(hopName, Algorithm.P256, P256.point(point).getEncoded(true));
    }

    /**
     * Reads the text form.
     *
     * @param text one line; surrounding blanks are ignored
     * @return the key
     * @throws KeyFormatException for another form, or a key that doesn't match the id beside it
     */
    public static PublicKey parse(String text) throws KeyFormatException {
        return parseWord(text.strip());
    }

    /** Reads the text form without surrounding blanks. */
    static PublicKey parseWord(String text) throws KeyFormatException {
        List<String> parts = Splitter.on('+').limit(3).splitToList(text);
        if (parts.size() != 3) {
            throw new KeyFormatException(
                    "not a public key: expected NAME+KEYID+BASE64, found \"" + abbreviated(text) + "\"");
        }
        byte[] bytes = base64(parts.get(2));
        PublicKey key = of(parts.get(0), algorithmOf(bytes), Arrays.copyOfRange(bytes, 1, bytes.length));
        if (!key.id.toString().equals(parts.get(1))) {
            throw new KeyFormatException("key id " + abbreviated(parts.get(1)) + " doesn't match the key, whose id is "
                    + key.id + " (was the text cut or edited?)");
        }
        return key;
    }

    /** {@return the name of the hop that owns the key} */
    public String hopName() {
        return hopName;
    }

    /** {@return the id of the hop that owns the key} */
    public HopId hop() {
        return hop;
    }

    /** {@return the key's algorithm} */
    public Algorithm algorithm() {
        return algorithm;
    }

    /** {@return the id that links use for it} */
    public KeyId id() {
        return id;
    }

    /**
     * Verifies a signature. The rules are strict: for each algorithm, one message and key have one valid encoding.
     *
     * @param message the whole message, not hashed
     * @param signature 64 bytes; any other length is invalid
     * @return whether it is valid
     */
    public boolean verifies(byte[] message, byte[] signature) {
        return half.verifies(message, signature);
    }

    PublicHalf half() {
        return half;
    }

    /** {@return {@code SHA256:} and the unpadded base64 of SHA-256(algorithm code, public key), for people to compare} */
    public String fingerprint() {
        return "SHA256:" + Base64.getEncoder().withoutPadding().encodeToString(digest(algorithm, encoded));
    }

    /** {@return the public key in bytes: 32 for Ed25519, 33 for P-256} */
    public Bytes bytes() {
        return Bytes.copyOf(encoded);
    }

    /** {@return the text form, one line} */
    public String toText() {
        return hopName + "+" + id + "+" + Base64.getEncoder().encodeToString(withAlgorithm(algorithm, encoded));
    }

    @Override
    public boolean equals(Object other) {
        // The same object is the rule: this compares the key of each flow's header.
        if (this == other) {
            return true;
        }
        return other instanceof PublicKey that
                && id.equals(that.id)
                && algorithm == that.algorithm
                && hopName.equals(that.hopName)
                && java.util.Arrays.equals(encoded, that.encoded);
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

    /** Returns the algorithm that the first byte of a key's text names. */
    static Algorithm algorithmOf(byte[] bytes) throws KeyFormatException {
        if (bytes.length > 0) {
            Optional<Algorithm> algorithm = Algorithm.ofCode(bytes[0]);
            if (algorithm.isPresent()) {
                return algorithm.get();
            }
        }
        throw new KeyFormatException("unknown algorithm of a key: expected 1 (Ed25519) or 2 (P-256)");
    }

    static byte[] base64(String text) throws KeyFormatException {
        try {
            byte[] bytes = Base64.getDecoder().decode(text);
            if (!Base64.getEncoder().encodeToString(bytes).equals(text)) {
                throw new KeyFormatException("the base64 of the key is not canonical");
            }
            return bytes;
        } catch (IllegalArgumentException e) {
            throw new KeyFormatException("the last part of the key is not base64 (was the line cut?)");
        }
    }

    static String abbreviated(String text) {
        return PlainText.visible(text.length() <= 40 ? text : text.substring(0, 40) + "…");
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

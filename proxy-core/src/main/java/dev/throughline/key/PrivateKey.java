package dev.throughline.key;

import com.google.common.base.Splitter;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import org.bouncycastle.crypto.params.Ed25519PrivateKeyParameters;

/**
 * The private half of a hop's key. It signs and can be written to a file; {@link #toString} doesn't show it.
 *
 * <p>Text form, one line: {@code THROUGHLINE-SECRET-KEY-1+NAME+KEYID+BASE64(algorithm code, 32 bytes)}; the bytes are an
 * Ed25519 seed or a P-256 scalar.
 */
public final class PrivateKey implements SigningKey {
    private static final String PREFIX = "THROUGHLINE-SECRET-KEY-1";

    private final SignaturePrivateKey half;
    private final PublicKey publicKey;

    private PrivateKey(SignaturePrivateKey half, PublicKey publicKey) {
        this.half = half;
        this.publicKey = publicKey;
    }

    /**
     * Generates an Ed25519 key.
     *
     * @param hopName the name of the hop that owns it
     * @param random a source of unpredictable bytes
     * @return the key
     * @throws KeyFormatException for an invalid name
     */
    public static PrivateKey generate(String hopName, SecureRandom random) throws KeyFormatException {
        return generate(hopName, Algorithm.ED25519, random);
    }

    /**
     * Generates a key.
     *
     * @param hopName the name of the hop that owns it
     * @param algorithm the key's algorithm
     * @param random a source of unpredictable bytes
     * @return the key
     * @throws KeyFormatException for an invalid name
     */
    public static PrivateKey generate(String hopName, Algorithm algorithm, SecureRandom random)
            throws KeyFormatException {
        return switch (algorithm) {
            case ED25519 -> of(hopName, algorithm, new Ed25519PrivateKey(new Ed25519PrivateKeyParameters(random)));
            case P256 -> of(hopName, algorithm, P256PrivateKey.generate(random));
        };
    }

    /**
     * Reads the text form.
     *
     * @param text one line; surrounding blanks are ignored
     * @return the key
     * @throws KeyFormatException for another form; the message doesn't show the secret
     */
    public static PrivateKey parse(String text) throws KeyFormatException {
        return parseWord(text.strip());
    }

    /** Reads the text form without surrounding blanks. */
    static PrivateKey parseWord(String text) throws KeyFormatException {
        List<String> parts = Splitter.on('+').limit(4).splitToList(text);
        if (parts.size() != 4 || !parts.get(0).equals(PREFIX)) {
            boolean isPublic = parts.size() >= 3 && !parts.get(0).startsWith("THROUGHLINE-");
            throw new KeyFormatException("not a secret key: expected " + PREFIX + "+NAME+KEYID+BASE64"
                    + (isPublic ? ", found what looks like a public key" : ""));
        }
        byte[] bytes = PublicKey.base64(parts.get(3));
        Algorithm algorithm = PublicKey.algorithmOf(bytes);
        if (bytes.length != 1 + SignaturePrivateKey.BYTES) {
            throw new KeyFormatException("wrong length of a secret key: expected 33 bytes, the algorithm and 32 more");
        }
        SignaturePrivateKey half = switch (algorithm) {
            case ED25519 -> new Ed25519PrivateKey(new Ed25519PrivateKeyParameters(bytes, 1));
            case P256 -> P256PrivateKey.decode(Arrays.copyOfRange(bytes, 1, bytes.length));
        };
        PrivateKey key = of(parts.get(1), algorithm, half);
        if (!key.publicKey.id().toString().equals(parts.get(2))) {
            throw new KeyFormatException("the key id doesn't match the key (was the text cut or edited?)");
        }
        return key;
    }

    private static PrivateKey of(String hopName, Algorithm algorithm, SignaturePrivateKey half)
            throws KeyFormatException {
        return new PrivateKey(half, PublicKey.of(hopName, algorithm, half.publicBytes()));
    }

    @Override
    public PublicKey publicKey() {
        return publicKey;
    }

    /** Returns the signature (64 bytes) over {@code message}. Deterministic with both algorithms. */
    @Override
    public byte[] sign(byte[] message) {
        return half.sign(message);
    }

    /** {@return the text form, which is secret} */
    public String toSecretText() {
        byte[] secret = half.encoded();
        String text = PREFIX + "+" + publicKey.hopName() + "+" + publicKey.id() + "+"
                + Base64.getEncoder().encodeToString(PublicKey.withAlgorithm(publicKey.algorithm(), secret));
        Arrays.fill(secret, (byte) 0);
        return text;
    }

    @Override
    public String toString() {
        return "secret key of " + publicKey;
    }
}

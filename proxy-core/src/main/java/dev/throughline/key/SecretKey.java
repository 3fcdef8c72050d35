package dev.throughline.key;

import com.google.common.base.Splitter;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import org.bouncycastle.crypto.params.Ed25519PrivateKeyParameters;
import org.bouncycastle.math.ec.rfc8032.Ed25519;

/**
 * The private half of a hop's key. It signs and can be written to a file of its owner; it never shows itself in a log.
 *
 * <p>Text form, one line: {@code THROUGHLINE-SECRET-KEY-1+NAME+KEYID+BASE64(algorithm code, 32-byte seed)}.
 */
public final class SecretKey {
    private static final String PREFIX = "THROUGHLINE-SECRET-KEY-1";

    private final Ed25519PrivateKeyParameters parameters;
    private final PublicKey publicKey;

    private SecretKey(Ed25519PrivateKeyParameters parameters, PublicKey publicKey) {
        this.parameters = parameters;
        this.publicKey = publicKey;
    }

    /**
     * A new Ed25519 key.
     *
     * @param hopName the name of the hop that owns it
     * @param random whose secrets nobody can guess
     * @return the key
     * @throws KeyFormatException for a name that isn't one
     */
    public static SecretKey generate(String hopName, SecureRandom random) throws KeyFormatException {
        return of(hopName, new Ed25519PrivateKeyParameters(random));
    }

    /**
     * Reads the text form.
     *
     * @param text one line; blanks around it don't matter
     * @return the key
     * @throws KeyFormatException for another form; the message doesn't show the secret
     */
    public static SecretKey parse(String text) throws KeyFormatException {
        List<String> parts = Splitter.on('+').limit(4).splitToList(text.strip());
        if (parts.size() != 4 || !parts.get(0).equals(PREFIX)) {
            boolean isPublic = parts.size() >= 3 && !parts.get(0).startsWith("THROUGHLINE-");
            throw new KeyFormatException("a secret key reads " + PREFIX + "+NAME+KEYID+BASE64"
                    + (isPublic ? "; this looks like a public key" : ""));
        }
        byte[] bytes = PublicKey.base64(parts.get(3));
        if (bytes.length != 1 + Ed25519.SECRET_KEY_SIZE || bytes[0] != Algorithm.ED25519.code()) {
            throw new KeyFormatException("a secret key holds its algorithm (1, Ed25519) and 32 bytes");
        }
        SecretKey key = of(parts.get(1), new Ed25519PrivateKeyParameters(bytes, 1));
        if (!key.publicKey.id().toString().equals(parts.get(2))) {
            throw new KeyFormatException("the key id doesn't belong to this key: was the text cut or edited?");
        }
        return key;
    }

    private static SecretKey of(String hopName, Ed25519PrivateKeyParameters parameters) throws KeyFormatException {
        return new SecretKey(
                parameters,
                PublicKey.ed25519(hopName, parameters.generatePublicKey().getEncoded()));
    }

    /** {@return what others verify with} */
    public PublicKey publicKey() {
        return publicKey;
    }

    /**
     * Signs.
     *
     * @param message all of it, not hashed
     * @return 64 bytes
     */
    public byte[] sign(byte[] message) {
        byte[] signature = new byte[Ed25519.SIGNATURE_SIZE];
        parameters.sign(Ed25519.Algorithm.Ed25519, null, message, 0, message.length, signature, 0);
        return signature;
    }

    /** {@return the text form: a secret} */
    public String toSecretText() {
        byte[] seed = parameters.getEncoded();
        String text = PREFIX + "+" + publicKey.hopName() + "+" + publicKey.id() + "+"
                + Base64.getEncoder().encodeToString(PublicKey.withAlgorithm(Algorithm.ED25519, seed));
        Arrays.fill(seed, (byte) 0);
        return text;
    }

    @Override
    public String toString() {
        return "secret key of " + publicKey;
    }
}

package dev.throughline.key;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.Provider;
import java.security.Signature;
import java.security.SignatureException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * Ed25519, and SHA-256 of chains, by a faster provider of the Java Cryptography Architecture. Bouncy Castle decodes and checks every key, and signs and
 * verifies as long as there is no such provider. Both give the same answer for every signature: it is valid if R is the encoding
 * of SB - kA (SPEC-FORMAT, Proof). A provider that doesn't is not used.
 */
public final class Ed25519Acceleration {
    private static final String ALGORITHM = "Ed25519";
    private static final String DIGEST = "SHA-256";
    /** The headers of a private and a public key (RFC 8410, sections 4 and 7). */
    private static final byte[] PKCS8 = HexFormat.of().parseHex("302e020100300506032b657004220420");

    private static final byte[] X509 = HexFormat.of().parseHex("302a300506032b6570032100");

    private static volatile @Nullable Ed25519Acceleration used;

    /** What each thread last used. A lookup by the Java Cryptography Architecture costs as much as a digest. */
    private static final ThreadLocal<@Nullable OfThread> OF_THREAD = new ThreadLocal<>();

    private final Provider provider;
    private final boolean hasSha256;

    private Ed25519Acceleration(Provider provider) {
        this.provider = provider;
        this.hasSha256 = passesSha256(provider);
    }

    /**
     * Uses a provider for all keys from now on, if it answers as Bouncy Castle does where implementations disagree.
     *
     * @param provider a provider with a key factory and a signature named Ed25519
     * @return whether it is used
     */
    public static boolean use(Provider provider) {
        Ed25519Acceleration candidate = new Ed25519Acceleration(provider);
        if (!candidate.passes()) {
            return false;
        }
        used = candidate;
        return true;
    }

    /** Lets Bouncy Castle sign and verify, also with keys that already exist. */
    public static void stop() {
        used = null;
    }

    /** {@return the name and version of what signs and verifies} */
    public static String engine() {
        Ed25519Acceleration current = used;
        return current == null ? "Bouncy Castle" : current.provider.getName() + " " + current.provider.getVersionStr();
    }

    /** {@return what signs and verifies now; null is Bouncy Castle} */
    public static @Nullable Ed25519Acceleration current() {
        return used;
    }

    /**
     * Returns this thread's SHA-256, of the provider if it has one: without its optimizing compiler, the JVM takes 0.4 µs for
     * each block of 64 bytes, and Amazon Corretto Crypto Provider 0.15 µs and 0.03 for each block.
     *
     * @return a digest without input; the caller leaves it so
     */
    public static MessageDigest sha256() {
        Ed25519Acceleration current = used;
        OfThread known = OF_THREAD.get();
        if (known == null || known.owner != current) {
            known = new OfThread(current, newSha256(current), null);
            OF_THREAD.set(known);
        }
        return known.digest;
    }

    private static MessageDigest newSha256(@Nullable Ed25519Acceleration owner) {
        try {
            return owner != null && owner.hasSha256
                    ? MessageDigest.getInstance(DIGEST, owner.provider)
                    : MessageDigest.getInstance(DIGEST);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }

    /** Objects of one thread and engine; no engine means the JDK's digest. */
    private record OfThread(
            @Nullable Ed25519Acceleration owner,
            MessageDigest digest,
            @Nullable Signature signature) {}

    /** A key of one provider. */
    record Key<K extends java.security.Key>(Ed25519Acceleration owner, K key) {}

    Key<java.security.PrivateKey> privateKey(byte[] seed) throws GeneralSecurityException {
        return new Key<>(this, factory().generatePrivate(new PKCS8EncodedKeySpec(concatenated(PKCS8, seed))));
    }

    Key<java.security.PublicKey> publicKey(byte[] encoded) throws GeneralSecurityException {
        return new Key<>(this, factory().generatePublic(new X509EncodedKeySpec(concatenated(X509, encoded))));
    }

    private KeyFactory factory() throws GeneralSecurityException {
        return KeyFactory.getInstance(ALGORITHM, provider);
    }

    byte[] sign(java.security.PrivateKey key, byte[] message) throws GeneralSecurityException {
        Signature signature = signature();
        try {
            signature.initSign(key);
            signature.update(message);
            return signature.sign();
        } catch (GeneralSecurityException e) {
            OF_THREAD.remove();
            throw e;
        }
    }

    private Signature signature() throws GeneralSecurityException {
        OfThread known = OF_THREAD.get();
        if (known != null && known.owner == this && known.signature != null) {
            return known.signature;
        }
        Signature signature = Signature.getInstance(ALGORITHM, provider);
        OF_THREAD.set(new OfThread(this, newSha256(this), signature));
        return signature;
    }

    boolean verifies(java.security.PublicKey key, byte[] message, byte[] signature) throws GeneralSecurityException {
        Signature verifier = signature();
        verifier.initVerify(key);
        verifier.update(message);
        try {
            return verifier.verify(signature);
        } catch (SignatureException e) {
            // Some providers throw it for a signature of another form.
            OF_THREAD.remove();
            return false;
        }
    }

    private static byte[] concatenated(byte[] head, byte[] tail) {
        byte[] all = Arrays.copyOf(head, head.length + tail.length);
        System.arraycopy(tail, 0, all, head.length, tail.length);
        return all;
    }

    /** Tests the digest with the example of FIPS 180-4 for one block. */
    private static boolean passesSha256(Provider provider) {
        try {
            return Arrays.equals(
                    MessageDigest.getInstance(DIGEST, provider).digest("abc".getBytes(StandardCharsets.US_ASCII)),
                    SelfTest.SHA_256_OF_ABC);
        } catch (GeneralSecurityException | RuntimeException | LinkageError e) {
            return false;
        }
    }

    /** Tests the provider with known answers, computed by Bouncy Castle; Ed25519AccelerationTest has them too. */
    private boolean passes() {
        try {
            byte[] message = "throughline".getBytes(StandardCharsets.US_ASCII);
            java.security.PublicKey key = publicKey(SelfTest.KEY).key();
            return verifies(key, message, SelfTest.GOOD)
                    && verifies(key, message, SelfTest.IDENTITY_AS_R)
                    && !verifies(key, message, SelfTest.SMALL_ORDER_R)
                    && !verifies(key, message, SelfTest.MIXED_ORDER_R)
                    && !verifies(key, message, SelfTest.LARGE_S)
                    && !verifies(key, new byte[] {1}, SelfTest.GOOD)
                    && Arrays.equals(sign(privateKey(SelfTest.SEED).key(), new byte[0]), SelfTest.OF_NOTHING);
        } catch (GeneralSecurityException | RuntimeException | LinkageError e) {
            return false;
        }
    }

    /** The known answers. All but the last are of the message "throughline", made by textbook arithmetic. */
    static final class SelfTest {
        static final byte[] KEY = hex("f6002b23f2368447705d67022de4bd1d481df84a59c71740a3213932bf15fdf1");
        static final byte[] GOOD = hex("bb5c807dd95240ee41fb07bbeade845be2bbad32fb5264580552c2245513bad2"
                + "8c912a015953e14e3aa06e7b99f96ed5b07ba025221609b88dfe856c61d8700b");
        static final byte[] IDENTITY_AS_R = hex("0100000000000000000000000000000000000000000000000000000000000000"
                + "4a7d16d5aa35dff4742ecaa98bb00dfac4bef60994c657e64e7820d060f14c0f");
        static final byte[] SMALL_ORDER_R = hex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"
                + "15c2584ec0dbf789cee8f1731f80ead46814f56fa84749c2b1147c65add56801");
        static final byte[] MIXED_ORDER_R = hex("32a37f8226adbf11be04f84415217ba41d4452cd04ad9ba7faad3ddbaaec452d"
                + "18951d0fd63474556111f70af4b24b81ddc48f46e8191c33113de0462399460f");
        /** The first, with an S that is larger by the order. */
        static final byte[] LARGE_S = hex("bb5c807dd95240ee41fb07bbeade845be2bbad32fb5264580552c2245513bad2"
                + "7965205e73b6f3a6103d661e78f34deab07ba025221609b88dfe856c61d8701b");
        /** RFC 8032, section 7.1, test 1. */
        static final byte[] SEED = hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");

        static final byte[] OF_NOTHING = hex("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555"
                + "fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b");

        static final byte[] SHA_256_OF_ABC = hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");

        private SelfTest() {}

        private static byte[] hex(String digits) {
            return HexFormat.of().parseHex(digits);
        }
    }
}

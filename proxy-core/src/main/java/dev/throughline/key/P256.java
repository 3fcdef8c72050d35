package dev.throughline.key;

import java.math.BigInteger;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import org.bouncycastle.asn1.sec.SECObjectIdentifiers;
import org.bouncycastle.asn1.x9.X9ECParameters;
import org.bouncycastle.crypto.ec.CustomNamedCurves;
import org.bouncycastle.crypto.params.ECDomainParameters;
import org.bouncycastle.crypto.params.ECNamedDomainParameters;
import org.bouncycastle.math.ec.ECPoint;

/**
 * The curve P-256 (SEC 2, secp256r1), from Bouncy Castle's lightweight API: it verifies six times as fast as the JDK (15,000
 * against 2,600 a second on one core) and it can sign deterministically.
 */
final class P256 {
    static final int PUBLIC_KEY_BYTES = 33;
    static final ECDomainParameters DOMAIN = domain();
    static final BigInteger ORDER = DOMAIN.getN();

    private P256() {}

    private static ECDomainParameters domain() {
        X9ECParameters parameters = CustomNamedCurves.getByName("P-256");
        return new ECNamedDomainParameters(SECObjectIdentifiers.secp256r1, parameters);
    }

    /**
     * Decodes a point of the curve, from the compressed form or the uncompressed one that devices use (X9.63).
     *
     * @throws KeyFormatException unless it is a point with a canonical x. Every point but infinity, which has no such form,
     *     generates the whole group
     */
    static ECPoint point(byte[] encoded) throws KeyFormatException {
        try {
            return DOMAIN.getCurve().decodePoint(encoded);
        } catch (IllegalArgumentException e) {
            throw new KeyFormatException("these " + encoded.length + " bytes are not a valid P-256 public key");
        }
    }

    static byte[] sha256(byte[] message) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(message);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }
}

package dev.throughline.key;

import java.math.BigInteger;
import java.security.SecureRandom;
import org.bouncycastle.crypto.digests.SHA256Digest;
import org.bouncycastle.crypto.params.ECPrivateKeyParameters;
import org.bouncycastle.crypto.signers.ECDSASigner;
import org.bouncycastle.crypto.signers.HMacDSAKCalculator;
import org.bouncycastle.math.ec.FixedPointCombMultiplier;
import org.bouncycastle.util.BigIntegers;

/** A P-256 scalar. Signing is deterministic: a weak random number would reveal the key (RFC 6979). */
record P256PrivateKey(ECPrivateKeyParameters parameters) implements SignaturePrivateKey {
    /** @throws KeyFormatException unless the scalar is from 1 to n - 1 */
    static P256PrivateKey decode(byte[] scalar) throws KeyFormatException {
        BigInteger number = BigIntegers.fromUnsignedByteArray(scalar);
        if (!isScalar(number)) {
            throw new KeyFormatException("these 32 bytes are not a P-256 secret key");
        }
        return of(number);
    }

    static P256PrivateKey generate(SecureRandom random) {
        BigInteger number;
        do {
            number = new BigInteger(8 * BYTES, random);
        } while (!isScalar(number));
        return of(number);
    }

    private static P256PrivateKey of(BigInteger scalar) {
        return new P256PrivateKey(new ECPrivateKeyParameters(scalar, P256.DOMAIN));
    }

    private static boolean isScalar(BigInteger number) {
        return number.signum() > 0 && number.compareTo(P256.ORDER) < 0;
    }

    @Override
    public byte[] sign(byte[] message) {
        ECDSASigner signer = new ECDSASigner(new HMacDSAKCalculator(new SHA256Digest()));
        signer.init(true, parameters);
        BigInteger[] numbers = signer.generateSignature(P256.sha256(message));
        return new P256Signature(numbers[0], numbers[1]).lowS().toBytes();
    }

    @Override
    public byte[] encoded() {
        return BigIntegers.asUnsignedByteArray(BYTES, parameters.getD());
    }

    @Override
    public byte[] publicBytes() {
        return new FixedPointCombMultiplier()
                .multiply(P256.DOMAIN.getG(), parameters.getD())
                .normalize()
                .getEncoded(true);
    }

    @Override
    public String toString() {
        return "a P-256 scalar";
    }
}

package dev.throughline.key;

import java.util.Arrays;
import org.bouncycastle.crypto.params.Ed25519PublicKeyParameters;
import org.bouncycastle.math.ec.rfc8032.Ed25519;

/**
 * An Ed25519 public key. Bouncy Castle's lightweight API is the only verifier: with a decoded key it is several times as fast
 * as the JDK's. Ed25519EdgeCasesTest fixes its results where implementations disagree.
 */
record Ed25519PublicHalf(Ed25519.PublicPoint point, Ed25519PublicKeyParameters parameters) implements PublicHalf {
    /** The identity: a point of the group, but not a valid public key. */
    private static final byte[] IDENTITY = Arrays.copyOf(new byte[] {1}, Ed25519.PUBLIC_KEY_SIZE);

    /**
     * Decodes 32 bytes.
     *
     * @throws KeyFormatException unless they are the canonical encoding of a point of the prime-order group: with a key outside
     *     it, one signature could be valid for several messages
     */
    static Ed25519PublicHalf decode(byte[] encoded) throws KeyFormatException {
        if (encoded.length != Ed25519.PUBLIC_KEY_SIZE) {
            throw new KeyFormatException("an Ed25519 public key has 32 bytes, this one has " + encoded.length);
        }
        Ed25519.PublicPoint point = Ed25519.validatePublicKeyFullExport(encoded, 0);
        if (point == null) {
            throw new KeyFormatException("these 32 bytes are not a valid Ed25519 public key");
        }
        return new Ed25519PublicHalf(point, new Ed25519PublicKeyParameters(encoded));
    }

    /**
     * Verifies strictly: S is below the order, and R is the encoding of SB - kA, byte for byte. Bouncy Castle checks 8R = 8(SB
     * - kA) with a canonical R. A is in the group of prime order, and so is SB - kA: the two are equal if R is in it as well.
     */
    @Override
    public boolean verifies(byte[] message, byte[] signature) {
        return signature.length == Ed25519.SIGNATURE_SIZE
                && Ed25519.verify(signature, 0, point, message, 0, message.length)
                && isInPrimeOrderGroup(signature);
    }

    /**
     * Returns whether a point is in the prime-order group. Checked last: only the key's owner can make a signature that gets
     * here and fails. It costs as much as the equation, a full multiplication by the order; a batch pays for it once.
     */
    private static boolean isInPrimeOrderGroup(byte[] encodedPoint) {
        return Arrays.equals(encodedPoint, 0, IDENTITY.length, IDENTITY, 0, IDENTITY.length)
                || Ed25519.validatePublicKeyFull(encodedPoint, 0);
    }
}

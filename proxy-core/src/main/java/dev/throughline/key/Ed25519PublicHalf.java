package dev.throughline.key;

import java.security.GeneralSecurityException;
import java.util.Arrays;
import org.bouncycastle.crypto.params.Ed25519PublicKeyParameters;
import org.bouncycastle.math.ec.rfc8032.Ed25519;
import org.jspecify.annotations.Nullable;

/**
 * An Ed25519 public key. Bouncy Castle's lightweight API decodes and checks it, and verifies unless there is an {@link
 * Ed25519Acceleration}: with a decoded key it is several times as fast as the JDK's. Ed25519EdgeCasesTest fixes the results of both
 * where implementations disagree.
 */
final class Ed25519PublicHalf implements PublicHalf {
    /** The identity: a point of the group, but not a valid public key. */
    private static final byte[] IDENTITY = Arrays.copyOf(new byte[] {1}, Ed25519.PUBLIC_KEY_SIZE);

    private final Ed25519.PublicPoint point;
    private final Ed25519PublicKeyParameters parameters;
    private volatile Ed25519Acceleration.@Nullable Key<java.security.PublicKey> accelerated;

    private Ed25519PublicHalf(Ed25519.PublicPoint point, Ed25519PublicKeyParameters parameters) {
        this.point = point;
        this.parameters = parameters;
    }

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

    @Override
    public Ed25519PublicKeyParameters parameters() {
        return parameters;
    }

    @Override
    public boolean verifies(byte[] message, byte[] signature) {
        if (signature.length != Ed25519.SIGNATURE_SIZE) {
            return false;
        }
        Ed25519Acceleration acceleration = Ed25519Acceleration.current();
        if (acceleration != null) {
            try {
                return acceleration.verifies(key(acceleration), message, signature);
            } catch (GeneralSecurityException e) {
                // Bouncy Castle can verify it.
                return verifiesByBouncyCastle(message, signature);
            }
        }
        return verifiesByBouncyCastle(message, signature);
    }

    private java.security.PublicKey key(Ed25519Acceleration acceleration) throws GeneralSecurityException {
        Ed25519Acceleration.Key<java.security.PublicKey> known = accelerated;
        if (known == null || known.owner() != acceleration) {
            known = acceleration.publicKey(parameters.getEncoded());
            accelerated = known;
        }
        return known.key();
    }

    /**
     * Verifies strictly: S is below the order, and R is the encoding of SB - kA, byte for byte. Bouncy Castle checks 8R = 8(SB
     * - kA) with a canonical R. A is in the group of prime order, and so is SB - kA: the two are equal if R is in it as well.
     */
    private boolean verifiesByBouncyCastle(byte[] message, byte[] signature) {
        return Ed25519.verify(signature, 0, point, message, 0, message.length) && isInPrimeOrderGroup(signature);
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

package dev.throughline.key;

import org.bouncycastle.crypto.params.ECPublicKeyParameters;
import org.bouncycastle.crypto.signers.ECDSASigner;

/** A P-256 public key. */
record P256PublicHalf(ECPublicKeyParameters parameters) implements PublicHalf {
    /** Decodes a compressed point. No other form is allowed, so that a key has one id. */
    static P256PublicHalf decode(byte[] encoded) throws KeyFormatException {
        if (encoded.length != P256.PUBLIC_KEY_BYTES) {
            throw new KeyFormatException(
                    "a P-256 public key has 33 bytes, a compressed point; this one has " + encoded.length);
        }
        return new P256PublicHalf(new ECPublicKeyParameters(P256.point(encoded), P256.DOMAIN));
    }

    /**
     * Verifies strictly: both numbers in range, and s the lower of its two values. Otherwise anyone could turn a signature into
     * a second valid one, and so write a second header of the same meaning.
     */
    @Override
    public boolean verifies(byte[] message, byte[] signature) {
        if (signature.length != P256Signature.BYTES) {
            return false;
        }
        P256Signature numbers = P256Signature.ofRaw(signature);
        if (!numbers.isInRange() || !numbers.hasLowS()) {
            return false;
        }
        ECDSASigner verifier = new ECDSASigner();
        verifier.init(false, parameters);
        return verifier.verifySignature(P256.sha256(message), numbers.r(), numbers.s());
    }
}

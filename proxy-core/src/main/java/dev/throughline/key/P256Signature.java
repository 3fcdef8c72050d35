package dev.throughline.key;

import java.io.IOException;
import java.math.BigInteger;
import java.util.Arrays;
import org.bouncycastle.crypto.signers.StandardDSAEncoding;
import org.bouncycastle.util.BigIntegers;

/** The two numbers of an ECDSA signature. On the wire they are r and s, 32 bytes each. */
record P256Signature(BigInteger r, BigInteger s) {
    static final int BYTES = 64;

    private static final BigInteger HALF_ORDER = P256.ORDER.shiftRight(1);

    /** Reads exactly 64 bytes. Does not check the range of the numbers. */
    static P256Signature ofRaw(byte[] raw) {
        if (raw.length != BYTES) {
            throw new IllegalArgumentException("a P-256 signature has 64 bytes, this one has " + raw.length);
        }
        return new P256Signature(
                BigIntegers.fromUnsignedByteArray(raw, 0, 32), BigIntegers.fromUnsignedByteArray(raw, 32, 32));
    }

    /** Reads the ASN.1 form (RFC 3279, section 2.2.3), which must be DER. */
    static P256Signature ofDer(byte[] der) {
        try {
            BigInteger[] numbers = StandardDSAEncoding.INSTANCE.decode(P256.ORDER, der);
            return new P256Signature(numbers[0], numbers[1]);
        } catch (IOException | IllegalArgumentException e) {
            throw new IllegalArgumentException("not a P-256 signature in DER", e);
        }
    }

    /** Returns whether both numbers are in the range of FIPS 186-5. */
    boolean isInRange() {
        return r.signum() > 0 && s.signum() > 0 && r.compareTo(P256.ORDER) < 0 && s.compareTo(P256.ORDER) < 0;
    }

    /** Returns whether s is the lower of s and n - s: the signature is valid with either. */
    boolean hasLowS() {
        return s.compareTo(HALF_ORDER) <= 0;
    }

    P256Signature lowS() {
        return hasLowS() ? this : new P256Signature(r, P256.ORDER.subtract(s));
    }

    byte[] toBytes() {
        byte[] raw = Arrays.copyOf(BigIntegers.asUnsignedByteArray(32, r), BYTES);
        System.arraycopy(BigIntegers.asUnsignedByteArray(32, s), 0, raw, 32, 32);
        return raw;
    }
}

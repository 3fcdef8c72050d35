package dev.throughline.key;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.function.UnaryOperator;

/** The arithmetic of Ed25519 from the textbook (RFC 8032, section 5.1), for signatures that no library makes. */
public final class Ed25519Arithmetic {
    private static final BigInteger P = BigInteger.TWO.pow(255).subtract(BigInteger.valueOf(19));
    /** The order of the base point. */
    public static final BigInteger ORDER =
            BigInteger.TWO.pow(252).add(new BigInteger("27742317777372353535851937790883648493"));

    private static final BigInteger D = BigInteger.valueOf(-121665)
            .multiply(BigInteger.valueOf(121666).modInverse(P))
            .mod(P);

    /** The identity. */
    public static final Point NEUTRAL = new Point(BigInteger.ZERO, BigInteger.ONE);
    /** The base point B. */
    public static final Point BASE = Point.decode("5866666666666666666666666666666666666666666666666666666666666666");
    /** Generates all points of small order. */
    public static final Point OF_ORDER_8 =
            Point.decode("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05");

    private Ed25519Arithmetic() {}

    /** A point of the curve, affine. */
    public record Point(BigInteger x, BigInteger y) {
        /** Decodes a point whose x is even. */
        public static Point decode(String hex) {
            BigInteger y = number(HexFormat.of().parseHex(hex));
            BigInteger square = y.multiply(y);
            BigInteger xx = square.subtract(BigInteger.ONE)
                    .multiply(D.multiply(square).add(BigInteger.ONE).modInverse(P))
                    .mod(P);
            BigInteger x = xx.modPow(P.add(BigInteger.valueOf(3)).shiftRight(3), P);
            if (!x.multiply(x).mod(P).equals(xx)) {
                x = x.multiply(BigInteger.TWO.modPow(P.shiftRight(2), P)).mod(P);
            }
            assertThat(x.multiply(x).mod(P)).isEqualTo(xx);
            return new Point(x.testBit(0) ? P.subtract(x) : x, y);
        }

        /** Returns the sum. */
        public Point plus(Point other) {
            BigInteger product = D.multiply(x)
                    .multiply(other.x)
                    .multiply(y)
                    .multiply(other.y)
                    .mod(P);
            BigInteger sumX = x.multiply(other.y).add(other.x.multiply(y));
            BigInteger sumY = y.multiply(other.y).add(x.multiply(other.x));
            return new Point(
                    sumX.multiply(BigInteger.ONE.add(product).modInverse(P)).mod(P),
                    sumY.multiply(BigInteger.ONE.subtract(product).modInverse(P))
                            .mod(P));
        }

        /** Returns a multiple. */
        public Point times(BigInteger factor) {
            Point result = NEUTRAL;
            for (int bit = factor.bitLength() - 1; bit >= 0; bit--) {
                result = result.plus(result);
                result = factor.testBit(bit) ? result.plus(this) : result;
            }
            return result;
        }

        /** Returns the canonical encoding. */
        public byte[] encode() {
            byte[] bytes = littleEndian(y);
            bytes[31] |= (byte) (x.testBit(0) ? 0x80 : 0);
            return bytes;
        }
    }

    /** Returns the scalar of an Ed25519 key, reduced by the order. */
    public static BigInteger scalar(PrivateKey key) {
        String text = key.toSecretText();
        byte[] seed = Base64.getDecoder().decode(text.substring(text.lastIndexOf('+') + 1));
        byte[] hash = Arrays.copyOf(sha512(Arrays.copyOfRange(seed, 1, seed.length)), 32);
        hash[0] &= (byte) 0xF8;
        hash[31] = (byte) ((hash[31] & 0x7F) | 0x40);
        return number(hash).mod(ORDER);
    }

    /**
     * Returns the signature with this R by a key, its scalar and its encoded point. {@code r} is the discrete logarithm of R, except for a
     * point of small order in it: the equation holds, at least after a multiplication by 8.
     */
    public static byte[] signature(byte[] encodedR, BigInteger r, BigInteger secret, byte[] publicKey, byte[] message) {
        BigInteger hash = number(sha512(encodedR, publicKey, message)).mod(ORDER);
        return concatenated(encodedR, littleEndian(r.add(hash.multiply(secret)).mod(ORDER)));
    }

    /** A signer with a custom method for signatures. */
    public record OddSigner(PublicKey publicKey, UnaryOperator<byte[]> signing) implements SigningKey {
        @Override
        public byte[] sign(byte[] message) {
            return signing.apply(message);
        }
    }

    /** Returns a number below the order, the same for the same {@code i}. */
    public static BigInteger someNumber(int i) {
        return number(sha512(new byte[] {(byte) i})).mod(ORDER);
    }

    /** Returns the number that these bytes encode. */
    public static BigInteger number(byte[] littleEndian) {
        byte[] bytes = new byte[littleEndian.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = littleEndian[bytes.length - 1 - i];
        }
        return new BigInteger(1, bytes);
    }

    /** Returns a number in 32 bytes. */
    public static byte[] littleEndian(BigInteger number) {
        byte[] bytes = new byte[32];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = number.shiftRight(8 * i).byteValue();
        }
        return bytes;
    }

    /** Returns one array after the other. */
    public static byte[] concatenated(byte[] first, byte[] second) {
        byte[] all = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, all, first.length, second.length);
        return all;
    }

    private static byte[] sha512(byte[]... parts) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-512");
            for (byte[] part : parts) {
                digest.update(part);
            }
            return digest.digest();
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }
}

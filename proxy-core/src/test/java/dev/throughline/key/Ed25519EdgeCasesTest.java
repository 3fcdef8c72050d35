package dev.throughline.key;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What our one Ed25519 verifier answers where implementations disagree (RFC 8032, section 5.1.7). Keys are refused when
 * they are read (KeyTextTest); here the key is good and the signature is made by its owner, from the textbook's arithmetic,
 * so that the equation holds and only the encoding or the point R is odd.
 */
class Ed25519EdgeCasesTest {
    private static final BigInteger P = BigInteger.TWO.pow(255).subtract(BigInteger.valueOf(19));
    private static final BigInteger ORDER =
            BigInteger.TWO.pow(252).add(new BigInteger("27742317777372353535851937790883648493"));
    private static final BigInteger D = BigInteger.valueOf(-121665)
            .multiply(BigInteger.valueOf(121666).modInverse(P))
            .mod(P);

    private static final Point NEUTRAL = new Point(BigInteger.ZERO, BigInteger.ONE);
    private static final Point BASE = Point.decode("5866666666666666666666666666666666666666666666666666666666666666");
    private static final Point OF_ORDER_8 =
            Point.decode("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05");

    private static final BigInteger SECRET = new BigInteger("31415926535897932384626433832795028841971693993751");
    private static final byte[] PUBLIC = BASE.times(SECRET).encode();

    private final PublicKey key = key();
    private byte[] message = "the message".getBytes(java.nio.charset.StandardCharsets.US_ASCII);

    /** A point of the curve, affine. */
    private record Point(BigInteger x, BigInteger y) {
        static Point decode(String hex) {
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

        Point plus(Point other) {
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

        Point times(BigInteger factor) {
            Point result = NEUTRAL;
            for (int bit = factor.bitLength() - 1; bit >= 0; bit--) {
                result = result.plus(result);
                result = factor.testBit(bit) ? result.plus(this) : result;
            }
            return result;
        }

        byte[] encode() {
            byte[] bytes = littleEndian(y);
            bytes[31] |= (byte) (x.testBit(0) ? 0x80 : 0);
            return bytes;
        }
    }

    /** The key's signature with this R, of which {@code r} is the discrete logarithm but for a point of small order. */
    private byte[] signature(byte[] encodedR, BigInteger r) {
        BigInteger hash = number(sha512(encodedR, PUBLIC, message)).mod(ORDER);
        return concatenated(encodedR, littleEndian(r.add(hash.multiply(SECRET)).mod(ORDER)));
    }

    private static BigInteger someNumber(int i) {
        return number(sha512(new byte[] {(byte) i})).mod(ORDER);
    }

    @Test
    void theArithmeticHereIsRight() {
        BigInteger r = someNumber(0);
        assertThat(OF_ORDER_8.times(BigInteger.valueOf(4))).isNotEqualTo(NEUTRAL);
        assertThat(OF_ORDER_8.times(BigInteger.valueOf(8))).isEqualTo(NEUTRAL);
        assertThat(BASE.times(ORDER)).isEqualTo(NEUTRAL);
        assertThat(key.verifies(message, signature(BASE.times(r).encode(), r))).isTrue();
    }

    /** Otherwise whoever holds one signature could write others of the same message. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7, 8, 14})
    void anSOfTheOrderOrMoreIsRefused(int times) {
        BigInteger r = someNumber(1);
        byte[] good = signature(BASE.times(r).encode(), r);
        BigInteger s = number(Arrays.copyOfRange(good, 32, 64)).add(ORDER.multiply(BigInteger.valueOf(times)));
        assertThat(key.verifies(message, concatenated(Arrays.copyOf(good, 32), littleEndian(s))))
                .isFalse();
    }

    @ParameterizedTest
    @ValueSource(ints = {0x20, 0x40, 0x80})
    void theThreeTopBitsOfSAreZero(int bit) {
        BigInteger r = someNumber(2);
        byte[] signature = signature(BASE.times(r).encode(), r);
        signature[63] |= (byte) bit;
        assertThat(key.verifies(message, signature)).isFalse();
    }

    /** Each is another way to write a point whose own encoding would hold. */
    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "the neutral point with a y of p + 1,eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "the same with a sign,eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "the neutral point with a sign,0100000000000000000000000000000000000000000000000000000000000080",
        "the point of order 2 with a sign,ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "a point of order 4 with a y of p,edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "no point of the curve,0200000000000000000000000000000000000000000000000000000000000000",
    })
    void anROfAnotherEncodingIsRefused(String what, String hex) {
        assertThat(key.verifies(message, signature(HexFormat.of().parseHex(hex), BigInteger.ZERO)))
                .isFalse();
    }

    /**
     * The equation is that of RFC 8032 with the factor 8: a point of small order in R doesn't matter, and never depends on
     * the message. Only the key's owner can make such a signature, and R is hashed: nobody can put one in later.
     */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7})
    void aPointOfSmallOrderInRNeverMatters(int multiple) {
        Point small = OF_ORDER_8.times(BigInteger.valueOf(multiple));
        for (int i = 0; i < 16; i++) {
            message = new byte[] {(byte) i};
            BigInteger r = someNumber(i);
            byte[] signature = signature(BASE.times(r).plus(small).encode(), r);
            assertThat(key.verifies(message, signature)).isTrue();
            assertThat(key.verifies(message, signature(small.encode(), BigInteger.ZERO)))
                    .isTrue();
            byte[] moved = concatenated(
                    BASE.times(r).plus(small).plus(OF_ORDER_8).encode(), Arrays.copyOfRange(signature, 32, 64));
            assertThat(key.verifies(message, moved)).isFalse();
        }
    }

    private static PublicKey key() {
        try {
            return PublicKey.of("gateway", Algorithm.ED25519, PUBLIC);
        } catch (KeyFormatException e) {
            throw new AssertionError(e);
        }
    }

    private static BigInteger number(byte[] littleEndian) {
        byte[] bytes = new byte[littleEndian.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = littleEndian[bytes.length - 1 - i];
        }
        return new BigInteger(1, bytes);
    }

    private static byte[] littleEndian(BigInteger number) {
        byte[] bytes = new byte[32];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = number.shiftRight(8 * i).byteValue();
        }
        return bytes;
    }

    private static byte[] concatenated(byte[] first, byte[] second) {
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

package dev.throughline.key;

import static dev.throughline.key.Ed25519Arithmetic.BASE;
import static dev.throughline.key.Ed25519Arithmetic.NEUTRAL;
import static dev.throughline.key.Ed25519Arithmetic.OF_ORDER_8;
import static dev.throughline.key.Ed25519Arithmetic.ORDER;
import static dev.throughline.key.Ed25519Arithmetic.concatenated;
import static dev.throughline.key.Ed25519Arithmetic.littleEndian;
import static dev.throughline.key.Ed25519Arithmetic.number;
import static dev.throughline.key.Ed25519Arithmetic.someNumber;
import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.key.Ed25519Arithmetic.Point;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.bouncycastle.math.ec.rfc8032.Ed25519;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The results of the Ed25519 verifier where implementations disagree (RFC 8032, section 5.1.7). Keys are rejected when
 * they are read (KeyTextTest); here the key is valid and its owner makes the signature, with textbook arithmetic,
 * so that the equation holds and only the encoding or the point R is unusual.
 */
class Ed25519EdgeCasesTest {
    private static final BigInteger SECRET = new BigInteger("31415926535897932384626433832795028841971693993751");
    private static final byte[] PUBLIC = BASE.times(SECRET).encode();

    private final PublicKey key = key();
    private byte[] message = "the message".getBytes(java.nio.charset.StandardCharsets.US_ASCII);

    private byte[] signature(byte[] encodedR, BigInteger r) {
        return Ed25519Arithmetic.signature(encodedR, r, SECRET, PUBLIC, message);
    }

    @Test
    void theArithmeticHereIsRight() {
        BigInteger r = someNumber(0);
        assertThat(OF_ORDER_8.times(BigInteger.valueOf(4))).isNotEqualTo(NEUTRAL);
        assertThat(OF_ORDER_8.times(BigInteger.valueOf(8))).isEqualTo(NEUTRAL);
        assertThat(BASE.times(ORDER)).isEqualTo(NEUTRAL);
        assertThat(key.verifies(message, signature(BASE.times(r).encode(), r))).isTrue();
    }

    /** Otherwise an attacker with one signature could make others of the same message. */
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

    /** Each is another encoding of a valid point. */
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
     * The signature is compared with the encoding of SB - kA: a point of small order in R is refused, whatever the message.
     * With the factor 8 that RFC 8032 allows, it would be accepted, as by Bouncy Castle itself.
     */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7})
    void anRWithAPointOfSmallOrderIsRefused(int multiple) {
        Point small = OF_ORDER_8.times(BigInteger.valueOf(multiple));
        for (int i = 0; i < 4; i++) {
            message = new byte[] {(byte) i};
            BigInteger r = someNumber(i);
            assertThat(key.verifies(message, signature(BASE.times(r).encode(), r)))
                    .isTrue();
            for (byte[] odd : List.of(
                    signature(BASE.times(r).plus(small).encode(), r), signature(small.encode(), BigInteger.ZERO))) {
                assertThat(key.verifies(message, odd)).isFalse();
                assertThat(Ed25519.verify(odd, 0, PUBLIC, 0, message, 0, message.length))
                        .isTrue();
            }
        }
    }

    /** It is the encoding of SB - kA for S = ka, which only the key's owner can choose. */
    @Test
    void theIdentityAsRIsAccepted() {
        for (int i = 0; i < 16; i++) {
            message = new byte[] {(byte) i};
            byte[] signature = signature(NEUTRAL.encode(), BigInteger.ZERO);
            assertThat(key.verifies(message, signature)).isTrue();
            assertThat(key.verifies(new byte[] {(byte) (i + 1)}, signature)).isFalse();
        }
    }

    private static PublicKey key() {
        try {
            return PublicKey.of("gateway", Algorithm.ED25519, PUBLIC);
        } catch (KeyFormatException e) {
            throw new AssertionError(e);
        }
    }
}

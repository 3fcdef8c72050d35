package dev.throughline.key;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.throughline.header.Bytes;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.AlgorithmParameters;
import java.security.KeyFactory;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPoint;
import java.security.spec.ECPublicKeySpec;
import java.util.Arrays;
import java.util.Base64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Keys of P-256: their texts, signatures, and the signatures that plain ECDSA accepts and the verifier rejects. */
class P256Test {
    // The key of RFC 6979, section A.2.5.
    private static final String SCALAR = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721";
    private static final String X = "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6";
    private static final String Y = "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
    private static final BigInteger ORDER =
            new BigInteger("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", 16);

    private final PublicKey publicKey = key("03" + X);
    private final PrivateKey key = secret(SCALAR);

    private static PublicKey key(String hex) {
        try {
            return PublicKey.of("gateway", Algorithm.P256, bytes(hex));
        } catch (KeyFormatException e) {
            throw new AssertionError(e);
        }
    }

    private PrivateKey secret(String scalar) {
        try {
            return PrivateKey.parse("THROUGHLINE-SECRET-KEY-1+gateway+" + publicKey.id() + "+"
                    + Base64.getEncoder().encodeToString(bytes("02" + scalar)));
        } catch (KeyFormatException e) {
            throw new AssertionError(e);
        }
    }

    private static byte[] bytes(String hex) {
        return Bytes.ofHex(hex).toByteArray();
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    @Test
    void aPublicKeyIsTheCompressedPoint() throws Exception {
        assertThat(publicKey.algorithm()).isEqualTo(Algorithm.P256);
        assertThat(publicKey.bytes()).hasToString("03" + X);
        assertThat(publicKey.toText())
                .isEqualTo(
                        "gateway+" + publicKey.id() + "+" + Base64.getEncoder().encodeToString(bytes("0203" + X)));
        assertThat(PublicKey.parse(publicKey.toText())).isEqualTo(publicKey);
        assertThat(PublicKey.ofUncompressedP256("gateway", bytes("04" + X + Y))).isEqualTo(publicKey);
    }

    @Test
    void aSecretKeyIsReadBackAsWritten() throws Exception {
        assertThat(key.publicKey()).isEqualTo(publicKey);
        PrivateKey fresh = PrivateKey.generate("gateway", Algorithm.P256, new SecureRandom());
        assertThat(PrivateKey.parse(fresh.toSecretText()).publicKey()).isEqualTo(fresh.publicKey());
        assertThat(fresh.toString()).doesNotContain(fresh.toSecretText());
    }

    /** The first of the RFC's two messages has a high s there: here it is n - s. */
    @Test
    void signaturesAreThoseOfRfc6979WithTheLowerS() {
        BigInteger highS = new BigInteger("f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8", 16);
        assertThat(Bytes.copyOf(key.sign(ascii("sample"))))
                .hasToString("efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
                        + "%064x".formatted(ORDER.subtract(highS)));
        assertThat(Bytes.copyOf(key.sign(ascii("test"))))
                .hasToString("f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367"
                        + "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083");
    }

    @Test
    void aSignatureHoldsForItsMessageAlone() {
        byte[] signature = key.sign(ascii("sample"));
        assertThat(publicKey.verifies(ascii("sample"), signature)).isTrue();
        assertThat(publicKey.verifies(ascii("sampl"), signature)).isFalse();
        assertThat(publicKey.verifies(ascii("sample"), Arrays.copyOf(signature, 63)))
                .isFalse();
        assertThat(publicKey.verifies(ascii("sample"), Arrays.copyOf(signature, 65)))
                .isFalse();
        assertThat(publicKey.verifies(ascii("sample"), new byte[0])).isFalse();
    }

    /** Another verifier accepts it: without the rule, an attacker could encode each signature in a second way. */
    @Test
    void theHigherSIsRefused() throws Exception {
        byte[] low = key.sign(ascii("sample"));
        byte[] high = low.clone();
        BigInteger s = ORDER.subtract(new BigInteger(1, Arrays.copyOfRange(low, 32, 64)));
        System.arraycopy(bytes("%064x".formatted(s)), 0, high, 32, 32);

        assertThat(plainEcdsaVerifies(ascii("sample"), low)).isTrue();
        assertThat(plainEcdsaVerifies(ascii("sample"), high)).isTrue();
        assertThat(publicKey.verifies(ascii("sample"), high)).isFalse();
    }

    @Test
    void theRuleBeginsAboveHalfTheOrder() {
        BigInteger half = ORDER.shiftRight(1);
        assertThat(new P256Signature(BigInteger.ONE, half).hasLowS()).isTrue();
        assertThat(new P256Signature(BigInteger.ONE, half.add(BigInteger.ONE)).hasLowS())
                .isFalse();
        assertThat(new P256Signature(BigInteger.ONE, half.add(BigInteger.ONE))
                        .lowS()
                        .s())
                .isEqualTo(half);
    }

    private static boolean plainEcdsaVerifies(byte[] message, byte[] signature) throws Exception {
        AlgorithmParameters curve = AlgorithmParameters.getInstance("EC");
        curve.init(new ECGenParameterSpec("secp256r1"));
        Signature other = Signature.getInstance("SHA256withECDSAinP1363Format");
        other.initVerify(KeyFactory.getInstance("EC")
                .generatePublic(new ECPublicKeySpec(
                        new ECPoint(new BigInteger(X, 16), new BigInteger(Y, 16)),
                        curve.getParameterSpec(ECParameterSpec.class))));
        other.update(message);
        return other.verify(signature);
    }

    @ParameterizedTest(name = "r of {0}, s of {1}")
    @CsvSource({"zero,one", "one,zero", "zero,zero", "order,one", "one,order", "most,one", "one,most"})
    void numbersOutOfTheirRangeAreRefused(String r, String s) {
        assertThat(publicKey.verifies(ascii("sample"), bytes(number(r) + number(s))))
                .isFalse();
        assertThat(P256Signature.ofRaw(bytes(number(r) + number(s))).isInRange())
                .isFalse();
    }

    private static String number(String name) {
        return switch (name) {
            case "zero" -> "%064x".formatted(BigInteger.ZERO);
            case "one" -> "%064x".formatted(BigInteger.ONE);
            case "order" -> "%064x".formatted(ORDER);
            default -> "f".repeat(64);
        };
    }

    /** The x of 5 and 6 are on the curve, that of 7 isn't. */
    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "no point of the curve,020000000000000000000000000000000000000000000000000000000000000007,not a valid",
        "an x of p,02ffffffff00000001000000000000000000000000ffffffffffffffffffffffff,not a valid",
        "an x of p + 5,02ffffffff00000001000000000000000000000001000000000000000000000004,not a valid",
        "another form,040000000000000000000000000000000000000000000000000000000000000005,not a valid",
        "the form of a hybrid,060000000000000000000000000000000000000000000000000000000000000005,not a valid",
        "infinity in 33 bytes,000000000000000000000000000000000000000000000000000000000000000000,not a valid",
        "infinity,00,has 33 bytes",
        "no byte at all,'',has 33 bytes",
        "a byte less,0200000000000000000000000000000000000000000000000000000000000005,has 33 bytes",
    })
    void aPublicKeyIsTheCanonicalFormOfAPointOfTheCurve(String what, String hex, String problem) {
        assertThatThrownBy(() -> PublicKey.of("gateway", Algorithm.P256, bytes(hex)))
                .isInstanceOf(KeyFormatException.class)
                .hasMessageContaining(problem);
    }

    @Test
    void anUncompressedPointIsOneToo() {
        for (String other :
                new String[] {"04" + X + X, "06" + X + Y, "07" + X + Y, "03" + X, "", "04" + X + Y + "00"}) {
            assertThatThrownBy(() -> PublicKey.ofUncompressedP256("gateway", bytes(other)))
                    .isInstanceOf(KeyFormatException.class);
        }
        assertThatThrownBy(() -> PublicKey.of("gateway", Algorithm.P256, bytes("04" + X + Y)))
                .hasMessageContaining("has 33 bytes");
    }

    @ParameterizedTest
    @CsvSource({
        "0000000000000000000000000000000000000000000000000000000000000000",
        "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    })
    void aSecretKeyIsANumberBelowTheOrder(String scalar) {
        String text = "THROUGHLINE-SECRET-KEY-1+gateway+" + publicKey.id() + "+"
                + Base64.getEncoder().encodeToString(bytes("02" + scalar));
        assertThatThrownBy(() -> PrivateKey.parse(text)).hasMessageContaining("not a P-256 secret key");
    }

    @Test
    void theAlgorithmIsPartOfTheId() {
        String asEd25519 = "THROUGHLINE-SECRET-KEY-1+gateway+" + publicKey.id() + "+"
                + Base64.getEncoder().encodeToString(bytes("01" + SCALAR));
        assertThatThrownBy(() -> PrivateKey.parse(asEd25519)).hasMessageContaining("doesn't match the key");
    }
}

package dev.throughline.key;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.throughline.header.Bytes;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The one-line text forms of keys. */
class KeyTextTest {
    // The first key pair of RFC 8032, section 7.1.
    private static final String SECRET =
            "THROUGHLINE-SECRET-KEY-1+gateway+bcd1d56b5845f21e+AZ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g";
    private static final String PUBLIC = "gateway+bcd1d56b5845f21e+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea";

    @Test
    void aPublicKeyIsItsHopItsIdAndItsBytes() throws Exception {
        PublicKey key = PublicKey.parse(PUBLIC);
        assertThat(key.hopName()).isEqualTo("gateway");
        assertThat(key.algorithm()).isEqualTo(Algorithm.ED25519);
        assertThat(key.id()).hasToString("bcd1d56b5845f21e");
        assertThat(key.bytes()).hasToString("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
        assertThat(key.toText()).isEqualTo(PUBLIC).isEqualTo(key.toString());
        assertThat(key).isEqualTo(PublicKey.parse(key.toText() + "\n")).hasSameHashCodeAs(PublicKey.parse(PUBLIC));
        assertThat(key).isNotEqualTo(PublicKey.parse(PUBLIC.replace("gateway", "office")));
    }

    @Test
    void aSecretKeyIsReadBackAsWritten() throws Exception {
        PrivateKey key = PrivateKey.parse(SECRET);
        assertThat(key.toSecretText()).isEqualTo(SECRET);
        assertThat(key.publicKey().toText()).isEqualTo(PUBLIC);

        PrivateKey fresh = PrivateKey.generate("gateway", new SecureRandom());
        PrivateKey again = PrivateKey.parse(fresh.toSecretText() + "\n");
        assertThat(again.publicKey()).isEqualTo(fresh.publicKey());
        assertThat(again.sign(new byte[3])).isEqualTo(fresh.sign(new byte[3]));
    }

    @Test
    void signaturesAreThoseOfRfc8032() throws Exception {
        byte[] signature = PrivateKey.parse(SECRET).sign(new byte[0]);
        assertThat(Bytes.copyOf(signature))
                .hasToString("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
                        + "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b");
        PublicKey key = PublicKey.parse(PUBLIC);
        assertThat(key.verifies(new byte[0], signature)).isTrue();
        assertThat(key.verifies(new byte[1], signature)).isFalse();
        assertThat(key.verifies(new byte[0], Arrays.copyOf(signature, 63))).isFalse();
        assertThat(key.verifies(new byte[0], Arrays.copyOf(signature, 65))).isFalse();
    }

    @Test
    void aSecretKeyNeverShowsItself() throws Exception {
        PrivateKey key = PrivateKey.parse(SECRET);
        assertThat(key.toString())
                .isEqualTo("secret key of " + PUBLIC)
                .doesNotContain(SECRET.substring(SECRET.lastIndexOf('+') + 1))
                .doesNotContain("9d61b19d");
    }

    @Test
    void noMessageRepeatsASecretThatCouldNotBeRead() {
        String cut = SECRET.substring(0, SECRET.length() - 8);
        String material = SECRET.substring(SECRET.lastIndexOf('+') + 1, SECRET.length() - 8);
        for (String text : new String[] {cut, "x" + SECRET, SECRET.replace("bcd1d56b5845f21e", "0000000000000000")}) {
            assertThatThrownBy(() -> PrivateKey.parse(text))
                    .isInstanceOf(KeyFormatException.class)
                    .extracting(Throwable::getMessage)
                    .asString()
                    .doesNotContain(material);
        }
    }

    @Test
    void aPublicKeyInsteadOfASecretKeyIsReported() {
        assertThatThrownBy(() -> PrivateKey.parse(PUBLIC)).hasMessageContaining("looks like a public key");
        assertThatThrownBy(() -> PrivateKey.parse(""))
                .isInstanceOf(KeyFormatException.class)
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("public"));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "no text,'',not a public key: expected NAME",
        "a name alone,gateway,not a public key: expected NAME",
        "no bytes,gateway+@ID,not a public key: expected NAME",
        "another key's id,gateway+0000000000000000+@KEY,doesn't match the key",
        "an id in capitals,gateway+@UPPER+@KEY,doesn't match the key",
        "no id,gateway++@KEY,doesn't match the key",
        "an edited name,gate way+@ID+@KEY,is not a name",
        "no name,+@ID+@KEY,is not a name",
        "a cut line,gateway+@ID+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1E,base64 of the key is not canonical",
        "a cut line,gateway+@ID+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1,base64 of the key is not canonical",
        "a line that ends early,gateway+@ID+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3,has 32 bytes",
        "a longer key,gateway+@ID+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1EaAA==,has 32 bytes",
        "another alphabet,gateway+@ID+-ddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea,is not base64",
        "a key of P-256 by its code,gateway+@ID+AtdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea,has 33 bytes",
        "an algorithm of another version,gateway+@ID+A9damAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea,unknown algorithm",
        "nothing after the id,gateway+@ID+,unknown algorithm",
        "text after the key,gateway+@ID+@KEY x,is not base64",
    })
    void aTextThatWasCutOrEditedIsRefused(String what, String text, String problem) {
        String[] part = PUBLIC.split("\\+", 3);
        String edited = text.replace("@UPPER", part[1].toUpperCase(Locale.ROOT))
                .replace("@ID", part[1])
                .replace("@KEY", part[2]);
        assertThatThrownBy(() -> PublicKey.parse(edited))
                .isInstanceOf(KeyFormatException.class)
                .hasMessageContaining(problem);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "a public key's prefix,gateway+@ID+@KEY",
        "another version,THROUGHLINE-SECRET-KEY-2+gateway+@ID+@KEY",
        "another id,THROUGHLINE-SECRET-KEY-1+gateway+0000000000000000+@KEY",
        "the other algorithm,THROUGHLINE-SECRET-KEY-1+gateway+@ID+Ap1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g",
        "an unknown algorithm,THROUGHLINE-SECRET-KEY-1+gateway+@ID+A51hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g",
        "a short seed,THROUGHLINE-SECRET-KEY-1+gateway+@ID+AZ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn8=",
        "a name that is none,THROUGHLINE-SECRET-KEY-1+-gateway+@ID+@KEY",
    })
    void aSecretTextThatWasCutOrEditedIsRefused(String what, String text) {
        String[] part = SECRET.split("\\+", 4);
        String edited = text.replace("@ID", part[2]).replace("@KEY", part[3]);
        assertThatThrownBy(() -> PrivateKey.parse(edited)).isInstanceOf(KeyFormatException.class);
    }

    @Test
    void base64HasOneForm() throws Exception {
        assertThat(PublicKey.base64("AA==")).hasSize(1);
        assertThatThrownBy(() -> PublicKey.base64("AB==")).hasMessageContaining("canonical");
        assertThatThrownBy(() -> PublicKey.base64("AA")).hasMessageContaining("canonical");
        assertThatThrownBy(() -> PublicKey.base64("A")).hasMessageContaining("not base64");
        assertThatThrownBy(() -> PublicKey.base64("AA==\n")).hasMessageContaining("not base64");
    }

    /** Such keys would let one signature hold for several messages, or one key have several texts. */
    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "the neutral point,0100000000000000000000000000000000000000000000000000000000000000",
        "a point of order 2,ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "a point of order 4,0000000000000000000000000000000000000000000000000000000000000000",
        "a point of order 4,0000000000000000000000000000000000000000000000000000000000000080",
        "a point of order 8,26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "a point of order 8,c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "the base point and one of order 8,da99e28ba529cdde35a25fba9059e78ecaee239f99755b9b1aa4f65df00803e2",
        "a y of p,edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "a y of p + 1,eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "a negative zero x,0100000000000000000000000000000000000000000000000000000000000080",
        "no point of the curve,0200000000000000000000000000000000000000000000000000000000000000",
    })
    void aPublicKeyIsTheCanonicalFormOfAPointOfThePrimeOrderGroup(String what, String hex) {
        byte[] bytes = Bytes.ofHex(hex).toByteArray();
        assertThatThrownBy(() -> PublicKey.of("gateway", Algorithm.ED25519, bytes))
                .isInstanceOf(KeyFormatException.class)
                .hasMessageContaining("not a valid Ed25519 public key");
    }

    @Test
    void theFingerprintIsTheDigestThatTheIdBegins() throws Exception {
        PublicKey key = PublicKey.parse(PUBLIC);
        assertThat(key.fingerprint()).matches("SHA256:[A-Za-z0-9+/]{43}");
        byte[] digest = Base64.getDecoder().decode(key.fingerprint().substring("SHA256:".length()));
        assertThat(HexFormat.of().formatHex(digest, 0, 8)).isEqualTo(key.id().toString());
    }

    @Test
    void aLongTextIsNotRepeatedWhole() {
        assertThatThrownBy(() -> PublicKey.parse("x".repeat(5000)))
                .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(120));
    }
}

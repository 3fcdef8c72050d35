package dev.throughline.key;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.security.Provider;
import java.security.SecureRandom;
import java.security.Security;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** A faster provider signs and verifies as Bouncy Castle does, or isn't used. */
class Ed25519AccelerationTest {
    private static final byte[] MESSAGE = "throughline".getBytes(StandardCharsets.US_ASCII);

    @AfterEach
    void stop() {
        Ed25519Acceleration.stop();
    }

    @Test
    void bouncyCastleGivesTheAnswersOfTheSelfTest() throws KeyFormatException {
        PublicKey key = PublicKey.of("hop-a", Algorithm.ED25519, Ed25519Acceleration.SelfTest.KEY);

        assertThat(Ed25519Acceleration.engine()).isEqualTo("Bouncy Castle");
        assertThat(key.verifies(MESSAGE, Ed25519Acceleration.SelfTest.GOOD)).isTrue();
        assertThat(key.verifies(MESSAGE, Ed25519Acceleration.SelfTest.IDENTITY_AS_R))
                .isTrue();
        assertThat(key.verifies(MESSAGE, Ed25519Acceleration.SelfTest.SMALL_ORDER_R))
                .isFalse();
        assertThat(key.verifies(MESSAGE, Ed25519Acceleration.SelfTest.MIXED_ORDER_R))
                .isFalse();
        assertThat(key.verifies(MESSAGE, Ed25519Acceleration.SelfTest.LARGE_S)).isFalse();
    }

    @Test
    void aProviderWithoutEd25519IsNotUsed() {
        assertThat(Ed25519Acceleration.use(new Provider("Nothing", "1", "") {})).isFalse();
        assertThat(Ed25519Acceleration.engine()).isEqualTo("Bouncy Castle");
    }

    @Test
    void theProviderOfTheJdkPasses() {
        assertThat(Ed25519Acceleration.use(Security.getProvider("SunEC"))).isTrue();
        assertThat(Ed25519Acceleration.engine()).startsWith("SunEC ");
    }

    @Test
    void keysSignTheSameBeforeAndAfter() throws KeyFormatException {
        PrivateKey key = PrivateKey.generate("hop-a", new SecureRandom());
        Random random = new Random(1);
        for (int i = 0; i < 50; i++) {
            byte[] message = new byte[random.nextInt(200)];
            random.nextBytes(message);
            Ed25519Acceleration.stop();
            byte[] expected = key.sign(message);
            assertThat(Ed25519Acceleration.use(AmazonCorretto.provider())).isTrue();
            assertThat(key.sign(message)).isEqualTo(expected);
            assertThat(key.publicKey().verifies(message, expected)).isTrue();
            expected[random.nextInt(64)] ^= 1;
            assertThat(key.publicKey().verifies(message, expected)).isFalse();
            assertThat(key.publicKey().verifies(message, new byte[63])).isFalse();
        }
    }

    /** The same cases with the provider. */
    @Nested
    class EdgeCasesTest extends Ed25519EdgeCasesTest {
        @BeforeEach
        void use() {
            assertThat(Ed25519Acceleration.use(AmazonCorretto.provider())).isTrue();
        }
    }
}

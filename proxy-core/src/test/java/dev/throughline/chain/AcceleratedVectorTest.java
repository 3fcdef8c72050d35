package dev.throughline.chain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.key.AmazonCorretto;
import dev.throughline.key.Ed25519Acceleration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** Every vector with the faster provider. */
class AcceleratedVectorTest extends VectorTest {
    @BeforeAll
    static void use() {
        assertThat(Ed25519Acceleration.use(AmazonCorretto.provider())).isTrue();
    }

    @AfterAll
    static void stop() {
        Ed25519Acceleration.stop();
    }
}

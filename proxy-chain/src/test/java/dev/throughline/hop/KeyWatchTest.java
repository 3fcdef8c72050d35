package dev.throughline.hop;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import dev.throughline.chain.ReplayWindow;
import dev.throughline.chain.VerifiedBatches;
import dev.throughline.chain.VerifierSettings;
import dev.throughline.config.ConfigReader;
import dev.throughline.config.HopConfig;
import dev.throughline.key.PrivateKey;
import dev.throughline.key.PrivateKeys;
import dev.throughline.key.Trust;
import dev.throughline.keys.HopKeys;
import dev.throughline.originator.HopId;
import io.netty.channel.embedded.EmbeddedChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The days of a test clock. */
class KeyWatchTest {
    private static final Instant START = Instant.parse("2027-01-01T00:00:00Z");

    @TempDir
    Path folder;

    private final LogLines log = new LogLines(KeyWatch.class);
    private final EmbeddedChannel loop = new EmbeddedChannel();
    private Instant now = START;

    @AfterEach
    void stop() {
        log.close();
        loop.close();
    }

    private void watch(String own, String trust) throws Exception {
        Path file = folder.resolve("hop-b.yaml");
        Files.writeString(file, """
                hop: hop-b
                host: edge-1
                key: hop-b.key
                listeners: [{ name: front, mode: transparent, by: plain, address: "127.0.0.1:1", destination: "127.0.0.1:2" }]
                route: { to: destination }
                """);
        HopConfig config = ConfigReader.read(file);
        Clock clock = new TestClock();
        LiveKeys keys = new LiveKeys(
                config,
                () -> config,
                new HopKeys(PrivateKeys.parse("own", own), Trust.parse("trust", trust), Optional.empty()),
                new VerifierSettings(HopId.of("hop-b"), START, Duration.ofSeconds(2), 4, ImmutableList.of()),
                new ReplayWindow(10),
                new VerifiedBatches(10),
                new SecureRandom(),
                clock,
                new LivePolicy(config, policy -> {}));
        new KeyWatch(keys, clock, loop.eventLoop()).check();
    }

    private final class TestClock extends Clock {
        @Override
        public Instant instant() {
            return now;
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }
    }

    private void pass(Duration time) {
        now = now.plus(time).plusMillis(1);
        loop.advanceTimeBy(time.toNanos() + 1_000_000, TimeUnit.NANOSECONDS);
        loop.runScheduledPendingTasks();
    }

    private static PrivateKey key(String hop) throws Exception {
        return PrivateKey.generate(hop, new SecureRandom());
    }

    @Test
    void aKeyThatEndsIsWarnedOfAtOnceAndThenEachDay() throws Exception {
        watch(key("hop-b").toSecretText(), key("hop-a").publicKey().toText() + " hop until=2027-01-04T00:00:00Z");
        assertThat(log.take())
                .singleElement()
                .asString()
                .startsWith("WARN keys: key ")
                .contains("expires in 3 days");

        pass(Duration.ofHours(23));
        assertThat(log.take()).isEmpty();
        pass(Duration.ofHours(1));
        assertThat(log.take()).singleElement().asString().contains("expires in 47 hours");
        pass(Duration.ofDays(1));
        assertThat(log.take()).singleElement().asString().contains("expires in 23 hours");
        pass(Duration.ofDays(1));
        assertThat(log.take()).singleElement().asString().contains("has expired");
    }

    @Test
    void theKeyThatBeginsToSignIsNamedAtItsInstant() throws Exception {
        PrivateKey old = key("hop-b");
        PrivateKey next = key("hop-b");
        watch(old.toSecretText() + "\n" + next.toSecretText() + " from=2027-01-01T05:00:00Z", "");

        pass(Duration.ofHours(4));
        assertThat(log.take()).isEmpty();
        pass(Duration.ofHours(1));
        assertThat(log.take())
                .containsExactly("INFO now signs with key " + next.publicKey().id() + ", before with "
                        + old.publicKey().id());
    }
}

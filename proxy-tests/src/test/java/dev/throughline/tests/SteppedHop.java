package dev.throughline.tests;

import dev.throughline.config.ConfigReader;
import dev.throughline.config.HopConfig;
import dev.throughline.hop.Hop;
import dev.throughline.keys.HopKeys;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.util.concurrent.CountDownLatch;

/** A hop on a host whose clock is set while it runs: {@code CONFIGURATION FILE}, which holds by how many milliseconds it is ahead. */
final class SteppedHop {
    private SteppedHop() {}

    public static void main(String[] arguments) throws Exception {
        HopConfig config = ConfigReader.read(Path.of(arguments[0]));
        try (Hop hop = new Hop(config, HopKeys.read(config), new SetClock(Path.of(arguments[1])))) {
            hop.start();
            System.err.println("hop " + config.identity().name() + " is ready");
            new CountDownLatch(1).await();
        }
    }

    private static final class SetClock extends Clock {
        private final Path ahead;
        private final Clock right = Clock.systemUTC();

        SetClock(Path ahead) {
            this.ahead = ahead;
        }

        @Override
        public Instant instant() {
            try {
                return right.instant()
                        .plusMillis(Long.parseLong(Files.readString(ahead).strip()));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public ZoneId getZone() {
            return right.getZone();
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }
    }
}

package dev.throughline.tests;

import dev.throughline.config.ConfigReader;
import dev.throughline.config.HopConfig;
import dev.throughline.hop.Hop;
import dev.throughline.keys.HopKeys;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;

/** A hop on a host whose clock is wrong: {@code CONFIGURATION MILLISECONDS}. */
final class SkewedHop {
    private SkewedHop() {}

    public static void main(String[] arguments) throws Exception {
        HopConfig config = ConfigReader.read(Path.of(arguments[0]));
        Clock clock = Clock.offset(Clock.systemUTC(), Duration.ofMillis(Long.parseLong(arguments[1])));
        try (Hop hop = new Hop(config, HopKeys.read(config), clock)) {
            System.err.println("starting at " + System.currentTimeMillis());
            hop.start();
            System.err.println("hop " + config.identity().name() + " is ready");
            new CountDownLatch(1).await();
        }
    }
}

package dev.throughline.hop;

import dev.throughline.key.PrivateKeys;
import dev.throughline.key.PublicKey;
import dev.throughline.platform.PeriodicTask;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A daily check that logs keys that expire soon, and the moment when another own key starts to sign. */
final class KeyWatch {
    private static final Logger LOG = LoggerFactory.getLogger(KeyWatch.class);
    private static final Duration DAY = Duration.ofDays(1);

    private final LiveKeys keys;
    private final Clock clock;
    private final ScheduledExecutorService scheduler;
    private @Nullable ScheduledFuture<?> next;
    private @Nullable PublicKey signing;

    KeyWatch(LiveKeys keys, Clock clock, ScheduledExecutorService scheduler) {
        this.keys = keys;
        this.clock = clock;
        this.scheduler = scheduler;
    }

    /** Checks now, and schedules the next check. */
    synchronized void check() {
        ScheduledFuture<?> waiting = next;
        if (waiting != null) {
            waiting.cancel(false);
        }
        Duration wait = DAY;
        try {
            wait = report();
        } finally {
            // One millisecond is added because a timer may fire up to a millisecond early.
            next = scheduler.schedule(
                    new PeriodicTask("checking keys", this::check), wait.toMillis() + 1, TimeUnit.MILLISECONDS);
        }
    }

    /** Logs changes. Returns the time until the next change, at most a day. */
    private Duration report() {
        Instant now = clock.instant();
        PrivateKeys own = keys.keys().own();
        PublicKey signs = own.signingAt(now).key().publicKey();
        if (signing != null && !signs.equals(signing)) {
            LOG.info("now signs with key {}, before with {}", signs.id(), signing.id());
        }
        signing = signs;
        keys.expiryReport().warnings().forEach(warning -> LOG.warn("keys: {}", warning));
        return own.nextAfter(now)
                .flatMap(PrivateKeys.Entry::from)
                .map(start -> Duration.between(now, start))
                .filter(untilThen -> untilThen.compareTo(DAY) < 0)
                .orElse(DAY);
    }
}

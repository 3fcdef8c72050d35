package dev.throughline.demo.emulator;

import dev.throughline.bridge.BridgeAnswer;
import dev.throughline.engine.Connection;
import dev.throughline.engine.ConnectionEvents;
import dev.throughline.engine.LoopBuffer;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** Connections that get the limits: at once, after each change at a limited rate, and regularly without a change. */
final class LimitsWatches {
    /** Ten a second. */
    private static final Duration AT_LEAST_BETWEEN = Duration.ofMillis(100);

    private final EventLoop loop;
    private final Duration every;
    private final Supplier<BridgeAnswer.AgentNotice.Limits> limits;
    private final Set<Watch> watches = new LinkedHashSet<>();
    private boolean silent;

    LimitsWatches(EventLoop loop, Duration every, Supplier<BridgeAnswer.AgentNotice.Limits> limits) {
        this.loop = loop;
        this.every = every;
        this.limits = limits;
    }

    /** Adds a connection, which gets the limits at once. */
    void add(Connection hop) {
        Watch watch = new Watch(hop);
        watches.add(watch);
        hop.events(watch);
        hop.whenClosed(watch::ended);
        watch.send();
        watch.readable();
    }

    void changed() {
        watches.forEach(Watch::schedule);
    }

    void silence(boolean on) {
        silent = on;
        changed();
    }

    void end() {
        List.copyOf(watches).forEach(watch -> watch.hop.close());
    }

    int count() {
        return watches.size();
    }

    private final class Watch implements ConnectionEvents {
        private final Connection hop;
        private long lastSent;
        private boolean hasChanged;
        private Optional<Future<?>> next = Optional.empty();

        Watch(Connection hop) {
            this.hop = hop;
        }

        void send() {
            if (!silent) {
                Answers.send(hop, limits.get());
            }
            lastSent = System.nanoTime();
            hasChanged = false;
            in(every);
        }

        /** Schedules a message for the first change since the last message; later changes are part of it. */
        void schedule() {
            if (!hasChanged) {
                hasChanged = true;
                in(AT_LEAST_BETWEEN.minusNanos(System.nanoTime() - lastSent));
            }
        }

        private void in(Duration delay) {
            next.ifPresent(task -> task.cancel(false));
            next = Optional.of(loop.schedule(this::send, Math.max(0, delay.toNanos()), TimeUnit.NANOSECONDS));
        }

        /** Nothing is expected but the end. */
        @Override
        public void readable() {
            try {
                if (hop.read(LoopBuffer.empty()) != 0) {
                    hop.close();
                }
            } catch (IOException e) {
                hop.close();
            }
        }

        @Override
        public void lost(IOException how) {
            hop.close();
        }

        void ended() {
            watches.remove(this);
            next.ifPresent(task -> task.cancel(false));
        }
    }
}

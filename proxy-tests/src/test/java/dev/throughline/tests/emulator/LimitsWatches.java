package dev.throughline.tests.emulator;

import dev.throughline.bridge.BridgeAnswer;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** Connections that get the limits: at once, after a change at a limited rate, and periodically. */
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
    void add(Channel hop) {
        Watch watch = new Watch(hop);
        watches.add(watch);
        hop.pipeline().addLast(watch);
        hop.read();
        watch.tell();
    }

    void changed() {
        watches.forEach(Watch::soon);
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

    private final class Watch extends ChannelInboundHandlerAdapter {
        private final Channel hop;
        private long told;
        private boolean hasChanged;
        private Optional<Future<?>> next = Optional.empty();

        Watch(Channel hop) {
            this.hop = hop;
        }

        void tell() {
            if (!silent) {
                Answers.send(hop, limits.get());
            }
            told = System.nanoTime();
            hasChanged = false;
            in(every);
        }

        /** Schedules a report at the first change since the last one; it includes later changes. */
        void soon() {
            if (!hasChanged) {
                hasChanged = true;
                in(AT_LEAST_BETWEEN.minusNanos(System.nanoTime() - told));
            }
        }

        private void in(Duration delay) {
            next.ifPresent(task -> task.cancel(false));
            next = Optional.of(loop.schedule(this::tell, Math.max(0, delay.toNanos()), TimeUnit.NANOSECONDS));
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ReferenceCountUtil.release(message);
            hop.close();
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            hop.close();
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            watches.remove(this);
            next.ifPresent(task -> task.cancel(false));
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            hop.close();
        }
    }
}

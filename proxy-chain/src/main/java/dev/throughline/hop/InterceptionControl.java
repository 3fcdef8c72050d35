package dev.throughline.hop;

import dev.throughline.config.InterceptionConfig;
import dev.throughline.flow.HostShortages;
import dev.throughline.intercept.Canaries;
import dev.throughline.intercept.InterceptionWatcher;
import dev.throughline.intercept.Listener;
import dev.throughline.intercept.RulePlan;
import dev.throughline.metrics.HopMetrics;
import dev.throughline.platform.linux.ConntrackUsage;
import io.netty.channel.EventLoopGroup;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** The supervised interception of a running hop, as the rest of the hop controls it. It does nothing on a hop without rules. */
final class InterceptionControl {
    private final Resources resources;
    private final Readiness readiness;
    private final HopMetrics metrics;
    private volatile @Nullable InterceptionWatcher watcher;

    InterceptionControl(Resources resources, Readiness readiness, HopMetrics metrics) {
        this.resources = resources;
        this.readiness = readiness;
        this.metrics = metrics;
    }

    /** Installs the rules of {@code plan} and supervises them. */
    void start(
            RulePlan plan,
            InterceptionConfig config,
            List<Listener> listeners,
            Canaries canaries,
            EventLoopGroup loops,
            HostShortages shortages)
            throws IOException {
        InterceptionWatcher started =
                resources.add(InterceptionWatcher.start(plan, config, listeners, canaries, loops));
        watcher = started;
        readiness.add(started::problems);
        metrics.bind(started);
        ConntrackWatch conntrack = new ConntrackWatch(ConntrackUsage::now, shortages).start(loops.next());
        readiness.add(() -> conntrack.problem().stream().toList());
        metrics.bind(conntrack);
    }

    /** Installs the rules again, or removes them. Returns the rules. */
    CompletableFuture<String> redirect(boolean apply) {
        InterceptionWatcher started = watcher;
        if (started == null) {
            return CompletableFuture.failedFuture(new IOException("this hop has no rules, or is starting"));
        }
        return apply ? started.apply() : started.remove();
    }

    /** Keeps the rules while the listeners close. */
    void drain() {
        InterceptionWatcher started = watcher;
        if (started != null) {
            started.drain();
        }
    }
}

package dev.throughline.metrics;

import dev.throughline.chain.RejectReason;
import dev.throughline.chain.Verification;
import dev.throughline.flow.BudgetEvents;
import dev.throughline.flow.CloseReason;
import dev.throughline.flow.CloseResult;
import dev.throughline.flow.FlowEvents;
import dev.throughline.flow.FlowView;
import dev.throughline.policy.Decision;
import dev.throughline.policy.Outcome;
import dev.throughline.policy.Policy;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** The metrics of one hop. Every series exists from the start, so that rates include the first event. */
public final class HopMetrics implements FlowEvents {
    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final Map<CloseReason, Counter> closed = new EnumMap<>(CloseReason.class);
    private final Map<RejectReason, Counter> rejected = new EnumMap<>(RejectReason.class);
    /** Counters of decisions by rule; a lookup in the registry costs more. */
    private final Map<String, Counter> allowed = new ConcurrentHashMap<>();

    private final Map<String, Counter> denied = new ConcurrentHashMap<>();
    private final BudgetMetrics budget = new BudgetMetrics(registry);
    private final Counter opened;
    private final Counter verified;
    private final Counter bytesOut;
    private final Counter bytesIn;
    private final Timer duration;
    private final Counter reloaded;
    private final Counter reloadsRefused;
    /** Micrometer refers weakly to the objects that its gauges and function counters read. */
    private final List<MeterBinder> bound = new ArrayList<>();

    public HopMetrics() {
        opened = Counter.builder("throughline.flows.opened")
                .description("Flows that opened: both connections established and the header written")
                .register(registry);
        for (CloseReason reason : CloseReason.values()) {
            closed.put(
                    reason,
                    Counter.builder("throughline.flows.closed")
                            .description("Flows that ended, by reason")
                            .tag("reason", reason.toString())
                            .register(registry));
        }
        verified = Counter.builder("throughline.headers.verified")
                .description("Headers that passed verification")
                .register(registry);
        for (RejectReason reason : RejectReason.values()) {
            rejected.put(
                    reason,
                    Counter.builder("throughline.headers.rejected")
                            .description("Headers that were rejected, by the first failed check")
                            .tag("reason", reason.toString())
                            .register(registry));
        }
        bytesOut = bytes("out");
        bytesIn = bytes("in");
        duration = Timer.builder("throughline.flows.duration")
                .description("Lifetime of flows, from accepted to closed")
                .register(registry);
        reloaded = reloads("applied");
        reloadsRefused = reloads("refused");
    }

    private Counter reloads(String result) {
        return Counter.builder("throughline.reloads")
                .description("Reloads of keys and policy, by result: applied, or refused because of an error")
                .tag("result", result)
                .register(registry);
    }

    private Counter bytes(String direction) {
        return Counter.builder("throughline.flows.transferred")
                .description("Payload bytes of ended flows; out is towards the destination")
                .baseUnit("bytes")
                .tag("direction", direction)
                .register(registry);
    }

    /** Registers the series of all rules of a policy before the first flow matches one. */
    public void rules(Policy policy) {
        policy.rules().forEach(rule -> decisions(rule.name(), rule.then()));
    }

    /** Rule names come from the configuration, never from a flow, so the number of series is bounded. */
    private Counter decisions(String rule, Outcome outcome) {
        Map<String, Counter> known = outcome instanceof Outcome.Deny ? denied : allowed;
        Counter counter = known.get(rule);
        if (counter == null) {
            counter = register(rule, outcome);
            known.put(rule, counter);
        }
        return counter;
    }

    private Counter register(String rule, Outcome outcome) {
        return Counter.builder("throughline.policy.decisions")
                .description("Policy decisions about flows, by the rule that matched")
                .tag("rule", rule)
                .tag("decision", outcome instanceof Outcome.Deny ? "deny" : "allow")
                .register(registry);
    }

    /**
     * Returns the counters for lease requests.
     *
     * @param pools the names of all pools
     * @param transports the names of those that are transports
     */
    public BudgetEvents budget(Collection<String> pools, Collection<String> transports) {
        pools.forEach(budget::pool);
        transports.forEach(budget::transport);
        return budget;
    }

    /** Registers the metrics of {@code measured}. */
    public void bind(MeterBinder measured) {
        bound.add(measured);
        measured.bindTo(registry);
    }

    /** Counts a reload of keys and policy. */
    public void reloaded(boolean applied) {
        (applied ? reloaded : reloadsRefused).increment();
    }

    /** Returns all metrics in the Prometheus text format 0.0.4. */
    public String scrape() {
        return registry.scrape();
    }

    @Override
    public void opened(Supplier<FlowView> flow) {
        opened.increment();
    }

    @Override
    public void verified(Verification verification) {
        if (verification instanceof Verification.Rejected no) {
            count(rejected, no.reason());
        } else {
            verified.increment();
        }
    }

    @Override
    public void decided(Decision decision) {
        if (decision.rule().isPresent()) {
            decisions(decision.rule().get(), decision.outcome()).increment();
        }
    }

    @Override
    public void closed(FlowView flow, CloseResult ending) {
        count(closed, ending.reason());
        bytesOut.increment((double) flow.bytesOut());
        bytesIn.increment((double) flow.bytesIn());
        duration.record(flow.age().toNanos(), TimeUnit.NANOSECONDS);
    }

    private static <K extends Enum<K>> void count(Map<K, Counter> counters, K reason) {
        Counter counter = counters.get(reason);
        if (counter != null) {
            counter.increment();
        }
    }
}

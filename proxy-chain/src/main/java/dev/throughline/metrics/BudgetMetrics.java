package dev.throughline.metrics;

import com.google.common.collect.ImmutableSet;
import dev.throughline.flow.BudgetEvents;
import dev.throughline.flow.FlowBudget;
import dev.throughline.transport.ConnectFailure;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;

/** Counters of the budget's results, by pool or transport and by reason. */
final class BudgetMetrics implements BudgetEvents {
    private static final ImmutableSet<String> EVICTIONS = ImmutableSet.of("idle", "preempted");

    private final MeterRegistry registry;

    BudgetMetrics(MeterRegistry registry) {
        this.registry = registry;
        waiting(FlowBudget.CLASS, FlowBudget.CAP);
    }

    /** Registers the series of {@code name}. */
    void pool(String name) {
        FlowBudget.SHORTAGES.forEach(reason -> waiting(name, reason));
    }

    /** Registers the series of {@code name}. */
    void transport(String name) {
        EVICTIONS.forEach(reason -> evictions(name, reason));
        FlowBudget.SHORTAGES.forEach(reason -> fallOvers(name, reason));
        for (ConnectFailure failure : ConnectFailure.values()) {
            if (failure.allowsAnotherTransport()) {
                fallOvers(name, failure.toString());
            }
        }
    }

    private void waiting(String pool, String reason) {
        waits(pool, reason);
        refusals(pool, reason);
    }

    private Counter waits(String pool, String reason) {
        return counter("throughline.budget.waited", "Flows that had to wait for a slot", "pool", pool, reason);
    }

    private Counter refusals(String pool, String reason) {
        return counter("throughline.budget.refused", "Flows that were refused a slot", "pool", pool, reason);
    }

    private Counter evictions(String transport, String reason) {
        return counter(
                "throughline.budget.evicted",
                "Flows that were closed to free their slot for another flow",
                "transport",
                transport,
                reason);
    }

    private Counter fallOvers(String transport, String reason) {
        return counter(
                "throughline.budget.fell.over",
                "Flows that continued over a later transport of their route",
                "transport",
                transport,
                reason);
    }

    private Counter counter(String name, String description, String of, String value, String reason) {
        return Counter.builder(name)
                .description(description)
                .tags(of, value, "reason", reason)
                .register(registry);
    }

    @Override
    public void waited(String pool, String reason) {
        waits(pool, reason).increment();
    }

    @Override
    public void refused(String pool, String reason) {
        refusals(pool, reason).increment();
    }

    @Override
    public void evicted(String transport, String reason) {
        evictions(transport, reason).increment();
    }

    @Override
    public void fellOver(String transport, String reason) {
        fallOvers(transport, reason).increment();
    }
}

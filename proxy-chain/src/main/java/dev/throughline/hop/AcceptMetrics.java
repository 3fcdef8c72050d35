package dev.throughline.hop;

import dev.throughline.flow.FairQueue;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;

/** Metrics of accepted connections that have no flow yet. */
record AcceptMetrics(FairQueue acceptedConnections) implements MeterBinder {
    @Override
    public void bindTo(MeterRegistry registry) {
        FunctionCounter.builder("throughline.connections.refused", acceptedConnections, FairQueue::refused)
                .description("Connections that were reset before a flow began: too many of their user arrived at once")
                .register(registry);
        Gauge.builder("throughline.connections.waiting", acceptedConnections, FairQueue::size)
                .description("Connections that wait for their user's turn")
                .register(registry);
    }
}

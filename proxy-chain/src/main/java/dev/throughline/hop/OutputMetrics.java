package dev.throughline.hop;

import dev.throughline.report.FlowLog;
import dev.throughline.report.StandardError;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;

/** Metrics of a hop's standard streams. */
record OutputMetrics(FlowLog log) implements MeterBinder {
    @Override
    public void bindTo(MeterRegistry registry) {
        FunctionCounter.builder("throughline.log.dropped", log, FlowLog::dropped)
                .description("Flow lines that were lost: standard output was full, closed, or not read")
                .register(registry);
        FunctionCounter.builder("throughline.messages.dropped", log, _ -> StandardError.dropped())
                .description("Messages that were lost: standard error was full, closed, or not read")
                .register(registry);
    }
}

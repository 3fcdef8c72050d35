package dev.throughline.hop;

import dev.throughline.chain.ReplayWindow;
import dev.throughline.chain.VerifiedBatches;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;

/** Metrics of verification, which proxy-core does not register itself. */
record ChainMetrics(ReplayWindow replays, VerifiedBatches batches) implements MeterBinder {
    @Override
    public void bindTo(MeterRegistry registry) {
        Gauge.builder("throughline.chains.remembered", replays, ReplayWindow::size)
                .description("Unexpired chains that are remembered against replay")
                .register(registry);
        FunctionCounter.builder("throughline.batches.hits", batches, VerifiedBatches::hits)
                .description("Links of batches whose signature was known")
                .register(registry);
        FunctionCounter.builder("throughline.batches.misses", batches, VerifiedBatches::misses)
                .description("Links of batches whose signature had to be verified")
                .register(registry);
    }
}

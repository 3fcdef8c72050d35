package dev.throughline.hop;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;

/** The readiness of a hop for new flows. Thread-safe. */
final class Readiness {
    private final List<Supplier<List<String>>> checks = new CopyOnWriteArrayList<>();
    private volatile Optional<String> phase = Optional.of("starting");

    /** Adds a check. It returns reasons why the hop is not ready, and must not block. */
    void add(Supplier<List<String>> check) {
        checks.add(check);
    }

    /** Ends the starting phase: only the checks decide from now on. */
    void started() {
        phase = Optional.empty();
    }

    /** Marks the hop as draining. */
    void draining() {
        phase = Optional.of("draining");
    }

    /** Returns why the hop is not ready; empty if it is. */
    List<String> notReadyReasons() {
        List<String> reasons = new ArrayList<>(phase.stream().toList());
        checks.forEach(check -> reasons.addAll(check.get()));
        return reasons;
    }
}

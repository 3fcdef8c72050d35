package dev.throughline.hop;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;

/** Whether a hop should get new flows. Thread-safe. */
final class Readiness {
    private final List<Supplier<List<String>>> checks = new CopyOnWriteArrayList<>();
    private volatile Optional<String> phase = Optional.of("starting");

    /** Asks {@code check} from now on. It returns reasons why the hop is not ready, and must not block. */
    void add(Supplier<List<String>> check) {
        checks.add(check);
    }

    /** The hop has started: only the checks decide. */
    void started() {
        phase = Optional.empty();
    }

    /** The hop takes no more flows. */
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

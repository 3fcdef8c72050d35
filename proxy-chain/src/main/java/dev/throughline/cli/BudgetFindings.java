package dev.throughline.cli;

import dev.throughline.report.JsonTree;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Doctor's findings about the pools of a running hop: which pools are nearly full, and which accounts have most flows.
 */
final class BudgetFindings {
    private static final String SLOTS = "slots";

    private BudgetFindings() {}

    /**
     * Reads a hop's report of its pools, transports and flows.
     *
     * @param file the hop's configuration, for commands in hints
     */
    static List<Finding> of(JsonTree budget, List<JsonTree> flows, Path file) {
        List<Finding> findings = new ArrayList<>();
        for (JsonTree pool : budget.list("pools")) {
            findings.add(pool(pool, flows, file));
        }
        for (JsonTree transport : budget.list("transports")) {
            if (transport.has("trouble")) {
                findings.add(Finding.warning(
                        SLOTS,
                        "transport " + transport.text("name") + " is unavailable: " + transport.text("trouble"),
                        "check that the agent runs as the user in \"transports\", and allows this hop's user"));
            }
            if (!transport.text("breaker").equals("closed")) {
                findings.add(Finding.warning(
                        SLOTS,
                        "the circuit breaker of transport " + transport.text("name") + " is "
                                + transport.text("breaker") + ": its last connections failed or were slow",
                        "its flows use the next transport of their route; the log has the time"));
            }
        }
        return findings;
    }

    private static Finding pool(JsonTree pool, List<JsonTree> flows, Path file) {
        long inUse = Long.parseLong(pool.text("in_use"));
        String name = pool.text("name");
        String text = "pool " + name + ": " + inUse + " of " + pool.text("capacity") + " slots in use";
        // A missing agent has no slots; that is reported by another finding.
        if (inUse == 0 || inUse < Long.parseLong(pool.text("open"))) {
            return Finding.ok(SLOTS, text);
        }
        return Finding.warning(
                SLOTS,
                text + ", the others are reserved"
                        + most(name, flows).map(who -> "; most: " + who).orElse(""),
                "throughline flows top --by executable --config " + file + "; limit them by a rule with a class");
    }

    private static Optional<String> most(String pool, List<JsonTree> flows) {
        Map<String, Integer> counts = new HashMap<>();
        flows.stream()
                .filter(flow -> isIn(flow, pool))
                .forEach(flow -> counts.merge(TopText.By.executable.of(flow.object("originator")), 1, Integer::sum));
        return counts.entrySet().stream()
                .max(Map.Entry.<String, Integer>comparingByValue()
                        .thenComparing(Map.Entry.comparingByKey(Comparator.reverseOrder())))
                .map(entry -> entry.getKey() + ", " + entry.getValue());
    }

    private static boolean isIn(JsonTree flow, String pool) {
        return pool.equals("hop")
                || (flow.has("transport") && flow.text("transport").equals(pool))
                || pool.equals("to " + flow.text("next"));
    }
}

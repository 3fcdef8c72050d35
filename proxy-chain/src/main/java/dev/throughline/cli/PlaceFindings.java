package dev.throughline.cli;

import dev.throughline.report.JsonTree;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What doctor finds of the places of a running hop: which of them are nearly gone, and who has most. */
final class PlaceFindings {
    private static final String PLACES = "places";

    private PlaceFindings() {}

    /** Of what a hop says of its flows, its places and its transports. */
    static List<Finding> of(JsonTree budget, List<JsonTree> flows) {
        List<Finding> findings = new ArrayList<>();
        for (JsonTree pool : budget.list("pools")) {
            findings.add(pool(pool, flows));
        }
        for (JsonTree transport : budget.list("transports")) {
            if (transport.has("trouble")) {
                findings.add(Finding.warning(
                        PLACES,
                        transport.text("name") + " can't be used: " + transport.text("trouble"),
                        "is the agent running, as the user that \"transports\" names, and does it know this hop's?"));
            }
            if (!transport.text("breaker").equals("closed")) {
                findings.add(Finding.warning(
                        PLACES,
                        "the breaker of " + transport.text("name") + " is " + transport.text("breaker")
                                + ": its last starts failed or were slow",
                        "flows go over the next transport of their route meanwhile; the log says since when"));
            }
        }
        return findings;
    }

    private static Finding pool(JsonTree pool, List<JsonTree> flows) {
        long inUse = Long.parseLong(pool.text("in_use"));
        String name = pool.text("name");
        String text = inUse + " of " + pool.text("capacity") + " places of " + name + " are in use";
        // None of an agent that is gone, which is said by itself.
        if (inUse == 0 || inUse < Long.parseLong(pool.text("open"))) {
            return Finding.ok(PLACES, text);
        }
        return Finding.warning(
                PLACES,
                text + ", and the rest is reserved"
                        + most(name, flows).map(who -> ": most by " + who).orElse(""),
                "throughline flows top --by executable --config FILE; \"classes\" limit whom a rule names");
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

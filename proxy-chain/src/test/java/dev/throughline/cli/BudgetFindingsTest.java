package dev.throughline.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.report.JsonTree;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class BudgetFindingsTest {
    private static List<Finding> findings(String budget, String flows) {
        return BudgetFindings.of(
                JsonTree.parse(budget), JsonTree.parse(flows).list("flows"), Path.of("/etc/throughline/hop-a.yaml"));
    }

    private static List<String> found(String budget, String flows) {
        return findings(budget, flows).stream()
                .map(finding -> finding.level() + " " + finding.text())
                .toList();
    }

    @Test
    void theLargestUserOfAScarceResourceIsNamed() {
        assertThat(found("""
                        { "pools": [
                            { "name": "hop", "in_use": 3, "open": 7, "capacity": 8 },
                            { "name": "nf", "in_use": 3, "open": 3, "capacity": 4 },
                            { "name": "to hop-c", "in_use": 2, "open": 2, "capacity": 3 } ],
                          "transports": [{ "name": "nf", "carries_originator": true, "breaker": "closed" }] }
                        """, """
                        { "flows": [
                            { "originator": { "host": "edge-1", "uid": 7, "exe": "/a" }, "transport": "nf", "next": "hop-c" },
                            { "originator": { "host": "edge-1", "uid": 7, "exe": "/b" }, "transport": "nf", "next": "hop-c" },
                            { "originator": { "host": "edge-1", "uid": 7, "exe": "/b" }, "transport": "nf", "next": "hop-d" } ] }
                        """))
                .containsExactly(
                        "OK pool hop: 3 of 8 slots in use",
                        "WARNING pool nf: 3 of 4 slots in use, the others are reserved; most: edge-1 uid 7 /b, 2",
                        "WARNING pool to hop-c: 2 of 3 slots in use, the others are reserved; most: edge-1 uid 7 /a, 1");
    }

    @Test
    void hintNamesTheConfiguration() {
        assertThat(findings("""
                        { "pools": [{ "name": "hop", "in_use": 7, "open": 7, "capacity": 8 }], "transports": [] }
                        """, "{ \"flows\": [] }"))
                .singleElement()
                .satisfies(finding -> assertThat(finding.hint())
                        .startsWith("throughline flows top --by executable --config /etc/throughline/hop-a.yaml;"));
    }

    @Test
    void reportsUnavailableTransports() {
        assertThat(found("""
                        { "pools": [{ "name": "nf", "in_use": 0, "open": 0, "capacity": 0 }],
                          "transports": [
                            { "name": "bsd-socket", "carries_originator": false, "breaker": "open" },
                            { "name": "nf", "carries_originator": true, "breaker": "closed", "trouble": "agent-gone: silent" }] }
                        """, "{ \"flows\": [] }"))
                .containsExactly(
                        "OK pool nf: 0 of 0 slots in use",
                        "WARNING the circuit breaker of transport bsd-socket is open: its last connections failed or were slow",
                        "WARNING transport nf is unavailable: agent-gone: silent");
    }
}

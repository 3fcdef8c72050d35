package dev.throughline.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.report.JsonTree;
import java.util.List;
import org.junit.jupiter.api.Test;

class PlaceFindingsTest {
    private static List<String> found(String budget, String flows) {
        return PlaceFindings.of(JsonTree.parse(budget), JsonTree.parse(flows).list("flows")).stream()
                .map(finding -> finding.level() + " " + finding.text())
                .toList();
    }

    @Test
    void whoHasMostOfWhatIsNearlyGoneIsNamed() {
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
                        "OK 3 of 8 places of hop are in use",
                        "WARNING 3 of 4 places of nf are in use, and the rest is reserved: most by edge-1 uid 7 /b, 2",
                        "WARNING 2 of 3 places of to hop-c are in use, and the rest is reserved: most by edge-1 uid 7 /a, 1");
    }

    @Test
    void whatCannotBeUsedIsSaid() {
        assertThat(found("""
                        { "pools": [{ "name": "nf", "in_use": 0, "open": 0, "capacity": 0 }],
                          "transports": [
                            { "name": "bsd-socket", "carries_originator": false, "breaker": "open" },
                            { "name": "nf", "carries_originator": true, "breaker": "closed", "trouble": "agent-gone: silent" }] }
                        """, "{ \"flows\": [] }"))
                .containsExactly(
                        "OK 0 of 0 places of nf are in use",
                        "WARNING the breaker of bsd-socket is open: its last starts failed or were slow",
                        "WARNING nf can't be used: agent-gone: silent");
    }
}

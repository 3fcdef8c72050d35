package dev.throughline.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.report.JsonTree;
import java.util.List;
import org.junit.jupiter.api.Test;

class TopTextTest {
    private static final JsonTree BUDGET = JsonTree.parse("""
            {"waiting": 1, "pools": [
              {"name": "hop", "in_use": 3, "evicted": 0, "open": 7040, "capacity": 8000},
              {"name": "bsd-socket", "in_use": 2, "evicted": 0, "open": 8250, "capacity": 9375},
              {"name": "network-framework", "in_use": 0, "evicted": 0, "open": 0, "capacity": 2147483647}],
             "transports": [
              {"name": "bsd-socket", "carries_originator": false, "breaker": "half-open"},
              {"name": "network-framework", "carries_originator": true, "breaker": "closed", "trouble": "agent-gone: x"}]}
            """);

    private static final List<JsonTree> FLOWS = JsonTree.parse("""
            {"flows": [
              {"stage": "relaying", "bytes_out": 10, "bytes_in": 100,
               "originator": {"host": "edge-1", "uid": 1000, "user": "ann", "pid": 7, "exe": "/usr/bin/curl",
                              "destination": "192.0.2.1:443"}},
              {"stage": "waiting", "bytes_out": 0, "bytes_in": 0,
               "originator": {"host": "edge-1", "uid": 1000, "user": "ann", "pid": 8, "exe": "/usr/bin/curl",
                              "destination": "192.0.2.1:443"}},
              {"stage": "relaying", "bytes_out": 1, "bytes_in": 2,
               "originator": {"host": "edge-1", "uid": 33, "comm": "short", "destination": "192.0.2.2:443"}},
              {"stage": "identifying", "bytes_out": 0, "bytes_in": 0}]}
            """).list("flows");

    @Test
    void theLargestUserComesFirst() {
        assertThat(TopText.of(FLOWS, BUDGET, TopText.By.executable, 20)).isEqualTo("""
                POOL               IN USE  OPEN   CAPACITY  STATE
                hop                     3  7040       8000
                bsd-socket              2  8250       9375  breaker half-open
                network-framework       0     0  unlimited  carries the originator; agent-gone: x

                FLOWS  RELAYING  WAITING  OUT   IN  EXECUTABLE
                    2         1        1   10  100  edge-1 ann /usr/bin/curl
                    1         0        0    0    0  - uid - -
                    1         1        0    1    2  edge-1 uid 33 short
                """);
    }

    @Test
    void anOriginatorIsAProcess() {
        assertThat(TopText.of(FLOWS, BUDGET, TopText.By.originator, 1)).endsWith("""
                    1         0        0    0   0  - uid - -
                and 3 more
                """);
        assertThat(TopText.of(FLOWS, BUDGET, TopText.By.originator, 9)).contains("  edge-1 ann /usr/bin/curl[7]\n");
        assertThat(TopText.of(FLOWS, BUDGET, TopText.By.user, 1))
                .contains("    2         1        1   10  100  edge-1 ann\n");
        assertThat(TopText.of(FLOWS, BUDGET, TopText.By.destination, 1)).contains("  192.0.2.1:443\n");
        assertThat(TopText.of(FLOWS, BUDGET, TopText.By.host, 1))
                .contains("    3         2        1   11  102  edge-1\n");
    }
}

package dev.throughline.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.collect.ImmutableMap;
import dev.throughline.budget.Caps;
import dev.throughline.budget.LimitClass;
import dev.throughline.budget.PoolRule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BudgetReaderTest {
    private static final String HOP = """
            hop: hop-a
            host: edge-1
            key: a.key
            listeners: [ { name: apps, mode: transparent, by: plain, address: "127.0.0.1:1", destination: "127.0.0.1:2" } ]
            route: { to: destination }
            """;

    @TempDir
    private Path folder;

    private HopConfig read(String more) throws IOException, ConfigException {
        return ConfigReader.read(Files.writeString(folder.resolve("hop.yaml"), HOP + more));
    }

    @Test
    void withoutABudgetThereIsTheUsualOne() throws Exception {
        assertThat(read("").budget()).isEqualTo(BudgetConfig.DEFAULT);
        assertThat(read("").routing().classes()).isEmpty();
        assertThat(read("budget: { soft: 50% }").budget().rule().lowPercent()).isEqualTo(50);
    }

    @Test
    void readsEveryKey() throws Exception {
        HopConfig config = read("""
                budget: { reserve: 0%, soft: 100%, low: 0%, idle-floor: 1s, waiting: 0, next-hops: { destination: 7 } }
                classes:
                  few:
                    { per-process: 1, per-executable: 2, per-user: 3, per-destination: 4, per-executable-and-destination: 5,
                      falls-over: false, wait: 0s }
                  default: {}
                """);
        assertThat(config.budget())
                .isEqualTo(new BudgetConfig(
                        new PoolRule(0, 100, 0, Duration.ofSeconds(1)), 0, ImmutableMap.of("destination", 7)));
        assertThat(config.routing().classes().get("few"))
                .isEqualTo(new LimitClass("few", new Caps(1, 2, 3, 4, 5), false, Duration.ZERO));
        assertThat(config.routing().classes().get("default")).isEqualTo(LimitClass.DEFAULT);
    }

    @Test
    void reportsProblems() {
        assertThatThrownBy(() -> read("""
                        budget: { reserve: 100%, soft: 40, low: 60%, idle-floor: 1ms, waiting: -1 }
                        classes: { few: { per-process: 0, wait: 2m } }
                        """)).hasMessageMatching("""
                        [^:]*:6:20: "reserve": expected a whole number from 0 to 99, found "100"
                        [^:]*:6:32: "soft": expected a percentage such as "12%", found "40"
                        [^:]*:6:58: "idle-floor": expected between 1s and 720h, found "1ms"
                        [^:]*:6:72: "waiting": expected a whole number from 0 to 1000000, found "-1"
                        [^:]*:7:32: "per-process": expected a whole number from 1 to 1000000, found "0"
                        [^:]*:7:41: "wait": expected between 0s and 1m, found "2m"\
                        """);
        assertThatThrownBy(() -> read("budget: { soft: 40%, low: 60% }"))
                .hasMessageContaining("\"low\" must not be above \"soft\"");
    }
}

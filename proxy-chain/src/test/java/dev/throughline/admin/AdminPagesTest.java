package dev.throughline.admin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.flow.FlowTable;
import dev.throughline.key.Trust;
import dev.throughline.metrics.HopMetrics;
import dev.throughline.report.FlowJson;
import dev.throughline.report.IdNames;
import dev.throughline.report.Reload;
import io.micrometer.core.instrument.Gauge;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class AdminPagesTest {
    private static final int TIMES = 1_000;

    private final HopMetrics metrics = new HopMetrics();
    private final AtomicInteger scrapes = new AtomicInteger();
    private final AdminPages pages = new AdminPages(
            new FlowTable(10),
            new FlowJson("hop-a", new IdNames(Trust.NOBODY, "hop-a", "edge-1")),
            () -> "{}",
            metrics,
            List::of,
            () -> new Reload(true, List.of()),
            apply -> CompletableFuture.completedFuture(""),
            tuple -> CompletableFuture.completedFuture(""));

    AdminPagesTest() {
        metrics.bind(registry -> Gauge.builder("throughline.test.scrapes", scrapes::incrementAndGet)
                .description("How often metrics were made")
                .register(registry));
    }

    private static void scrape(List<Page> pages) {
        Page.Content content = pages.stream()
                .filter(page -> page.path().equals("/metrics"))
                .findFirst()
                .orElseThrow()
                .content();
        for (int i = 0; i < TIMES; i++) {
            assertThat(content.of(Map.of()).join().text()).contains("throughline_test_scrapes");
        }
    }

    @Test
    @Tag("attack")
    void aClientThatRequestsMetricsContinuouslyGetsCachedOnes() {
        scrape(pages.publicPages());
        assertThat(scrapes).hasPositiveValue().hasValueLessThan(TIMES);
    }

    @Test
    void usersOfTheAdminSocketAlwaysGetNewOnes() {
        scrape(pages.allPages());
        assertThat(scrapes).hasValue(TIMES);
    }
}

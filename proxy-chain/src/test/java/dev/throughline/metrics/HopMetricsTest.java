package dev.throughline.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import dev.throughline.chain.RejectReason;
import dev.throughline.chain.Verification;
import dev.throughline.flow.CloseReason;
import dev.throughline.flow.CloseResult;
import dev.throughline.flow.FlowView;
import dev.throughline.flow.NextHop;
import dev.throughline.policy.Decision;
import dev.throughline.policy.Outcome;
import dev.throughline.policy.Policy;
import dev.throughline.policy.PolicyRule;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class HopMetricsTest {
    /** Prometheus text format 0.0.4: a name, perhaps labels, a number. */
    private static final Pattern SAMPLE =
            Pattern.compile("([a-zA-Z_:][a-zA-Z0-9_:]*)(\\{([a-z_]+=\"[^\"\\\\]*\",?)+\\})? (\\S+)");

    private final HopMetrics metrics = new HopMetrics();

    private static FlowView flow() {
        return new FlowView(
                1,
                "front",
                FlowView.Stage.RELAYING,
                Instant.EPOCH,
                Duration.ofMillis(1500),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.of(new NextHop.Destination()),
                Optional.of("bsd-socket"),
                ImmutableList.of(),
                10,
                2000);
    }

    @ParameterizedTest
    @EnumSource
    void everyCloseReasonHasItsSeriesFromTheStart(CloseReason reason) {
        assertThat(metrics.scrape()).contains("throughline_flows_closed_total{reason=\"" + reason + "\"} 0.0\n");
    }

    @ParameterizedTest
    @EnumSource
    void everyRejectReasonHasItsSeriesFromTheStart(RejectReason reason) {
        assertThat(metrics.scrape()).contains("throughline_headers_rejected_total{reason=\"" + reason + "\"} 0.0\n");
    }

    @Test
    void theOtherSeriesAreThereFromTheStartAsWell() {
        assertThat(metrics.scrape())
                .contains(
                        "throughline_flows_opened_total 0.0\n",
                        "throughline_headers_verified_total 0.0\n",
                        "throughline_flows_transferred_bytes_total{direction=\"in\"} 0.0\n",
                        "throughline_flows_transferred_bytes_total{direction=\"out\"} 0.0\n",
                        "throughline_flows_duration_seconds_count 0\n",
                        "throughline_reloads_total{result=\"applied\"} 0.0\n",
                        "throughline_reloads_total{result=\"refused\"} 0.0\n");
    }

    @Test
    void aReloadIsCountedByItsResult() {
        metrics.reloaded(false);
        metrics.reloaded(true);
        metrics.reloaded(true);

        assertThat(metrics.scrape())
                .contains(
                        "throughline_reloads_total{result=\"applied\"} 2.0\n",
                        "throughline_reloads_total{result=\"refused\"} 1.0\n");
    }

    /** A measured object without other references. */
    private static MeterBinder measured(AtomicLong count) {
        return new MeterBinder() {
            @Override
            public void bindTo(MeterRegistry registry) {
                Gauge.builder("throughline.flows.open", this, measured -> count.get())
                        .description("Open flows")
                        .register(registry);
                FunctionCounter.builder("throughline.identify.scans", this, measured -> count.get())
                        .description("Scans of /proc")
                        .register(registry);
            }
        };
    }

    /** Micrometer only has weak references to the objects that it reads; the series would stop changing. */
    @Test
    void gaugesStillChangeAfterAGarbageCollection() {
        AtomicLong count = new AtomicLong(4);
        metrics.bind(measured(count));
        System.gc();
        count.set(5);

        assertThat(metrics.scrape()).contains("throughline_flows_open 5.0\n", "throughline_identify_scans_total 5.0\n");
    }

    @Test
    void namesAndLabelsAreWhatPrometheusReads() {
        metrics.bind(measured(new AtomicLong(4)));
        List<String> lines = metrics.scrape().lines().toList();

        assertThat(lines).contains("throughline_flows_open 4.0", "throughline_identify_scans_total 4.0");
        assertThat(lines).filteredOn(line -> !line.startsWith("# ")).allSatisfy(line -> {
            Matcher sample = SAMPLE.matcher(line);
            assertThat(sample.matches()).as(line).isTrue();
            assertThat(sample.group(1)).startsWith("throughline_");
            assertThat(Double.parseDouble(sample.group(4))).isNotNegative();
        });
        assertThat(lines).filteredOn(line -> line.startsWith("# HELP")).allMatch(line -> line.split(" ").length > 3);
    }

    @Test
    void aFlowIsCountedByItsReasonWithItsBytesAndItsTime() {
        metrics.opened(() -> flow());
        metrics.closed(flow(), new CloseResult(CloseReason.IDLE_TIMEOUT, ""));

        assertThat(metrics.scrape())
                .contains(
                        "throughline_flows_opened_total 1.0\n",
                        "throughline_flows_closed_total{reason=\"idle-timeout\"} 1.0\n",
                        "throughline_flows_closed_total{reason=\"completed\"} 0.0\n",
                        "throughline_flows_transferred_bytes_total{direction=\"out\"} 10.0\n",
                        "throughline_flows_transferred_bytes_total{direction=\"in\"} 2000.0\n",
                        "throughline_flows_duration_seconds_count 1\n",
                        "throughline_flows_duration_seconds_sum 1.5\n");
    }

    @Test
    void aRejectedHeaderIsCountedByItsReason() {
        metrics.verified(new Verification.Rejected(RejectReason.REPLAYED, 0, ""));

        assertThat(metrics.scrape())
                .contains(
                        "throughline_headers_rejected_total{reason=\"replayed\"} 1.0\n",
                        "throughline_headers_verified_total 0.0\n");
    }

    @Test
    void aDecisionIsCountedByItsRuleWhichIsThereFromTheStart() {
        PolicyRule rest = new PolicyRule("rest", ImmutableList.of(), ImmutableList.of(), new Outcome.Deny());
        metrics.rules(new Policy(ImmutableList.of(rest)));
        assertThat(metrics.scrape())
                .contains("throughline_policy_decisions_total{decision=\"deny\",rule=\"rest\"} 0.0\n");

        metrics.decided(new Decision(Optional.of("rest"), new Outcome.Deny()));
        metrics.decided(new Decision(Optional.empty(), Outcome.Allow.PLAIN));

        assertThat(metrics.scrape().lines().filter(line -> line.startsWith("throughline_policy_decisions")))
                .containsExactly("throughline_policy_decisions_total{decision=\"deny\",rule=\"rest\"} 1.0");
    }
}

package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.common.collect.HashMultiset;
import com.google.common.collect.Multiset;
import dev.throughline.report.JsonTree;
import dev.throughline.tests.HostileScene.Hostile;
import dev.throughline.tests.HostileScene.Outcome;
import dev.throughline.tests.HostileScene.ShortFlow;
import dev.throughline.tests.HostileScene.Taken;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;

/**
 * Eleven users' hostile programs at once, and another user's application beside them. {@code ./throughline attack} prints how
 * long that application waits and the resources of the hops; this test doesn't check times, which depend on the machine.
 */
@NeedsNamespaces
@NeedsPrograms({"setpriv", "/usr/bin/python3"})
@Isolated("hostile programs use all CPU time, and its hops have priority over those of other tests")
@Timeout(600)
class HostileSceneIT {
    private static final long MEBIBYTES = AttackSize.of(900, 2_500);

    @TempDir
    Path folder;

    @Test
    @Tag("attack")
    void hostileProgramsOfElevenKindsAtOnceDisturbNoOtherUser() throws IOException {
        try (HostileScene scene = new HostileScene(folder)) {
            List<ShortFlow> before = scene.shortFlows(60);
            scene.attack(EnumSet.allOf(Hostile.class));

            Outcome outcome = scene.application();
            Taken hopA = Taken.by(scene.hopA());
            Taken hopB = Taken.by(scene.hopB());
            scene.stopAttack();

            System.out.printf(
                    "alone: p50 %.0f ms, p99 %.0f ms; beside hostile programs: p50 %.0f ms, p99 %.0f ms; hop-a %s, hop-b %s%n",
                    percentile(before, 50),
                    percentile(before, 99),
                    percentile(outcome.flows(), 50),
                    percentile(outcome.flows(), 99),
                    hopA,
                    hopB);
            assertThat(outcome.flows())
                    .filteredOn(flow -> !flow.problem().isEmpty())
                    .as(() -> failures(outcome.flows(), List.of(scene.hopA(), scene.hopB())))
                    .isEmpty();
            assertThat(outcome.transferProblem()).isEmpty();
            Multiset<String> sources = Stream.concat(before.stream(), outcome.flows().stream())
                    .map(ShortFlow::source)
                    .collect(Collectors.toCollection(HashMultiset::create));
            sources.add(outcome.transferSource());
            for (RunningHop hop : List.of(scene.hopA(), scene.hopB())) {
                await("each of the application's flows to be named as its own, and no other")
                        .atMost(Duration.ofSeconds(AttackSize.of(10, 30)))
                        .untilAsserted(() -> assertThat(HostileScene.sourcesOfApplication(hop))
                                .containsExactlyInAnyOrderElementsOf(sources));
                await("all to be as before")
                        .atMost(Duration.ofSeconds(AttackSize.of(10, 30)))
                        .until(() -> hop.metric("throughline_flows_open") == 0
                                && hop.metric("throughline_budget_in_use{pool=\"hop\"}") == 0);
                hop.awaitReady();
            }
            assertThat(hopA.residentMebibytes()).isLessThan(MEBIBYTES);
            assertThat(hopB.residentMebibytes()).isLessThan(MEBIBYTES);
        }
    }

    /** Returns what the hops logged of the flows that failed, and of others with the same source. */
    private static String failures(List<ShortFlow> flows, List<RunningHop> hops) {
        Set<String> sources = flows.stream()
                .filter(flow -> !flow.problem().isEmpty())
                .map(ShortFlow::source)
                .collect(Collectors.toSet());
        return hops.stream()
                .flatMap(hop -> hop.process().flowLog().stream())
                .map(JsonTree::toJson)
                .filter(line -> sources.stream().anyMatch(source -> line.contains("\"" + source + "\"")))
                .collect(Collectors.joining("\n"));
    }

    private static double percentile(List<ShortFlow> flows, int percent) {
        List<Double> sorted =
                flows.stream().map(ShortFlow::milliseconds).sorted().toList();
        return sorted.get((sorted.size() - 1) * percent / 100);
    }
}

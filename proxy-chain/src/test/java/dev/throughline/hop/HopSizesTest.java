package dev.throughline.hop;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableSet;
import dev.throughline.config.ConfigReader;
import dev.throughline.config.HopConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The limits of a hop never exceed the descriptors and the heap of its process. */
class HopSizesTest {
    private static final int OPEN = 56;
    private static final long GIB = 1L << 30;

    @TempDir
    Path folder;

    private HopConfig hop(String more) throws Exception {
        return ConfigReader.read(Files.writeString(folder.resolve("hop.yaml"), """
                hop: hop-a
                host: edge-1
                key: hop-a.key
                trust: trust
                listeners:
                  - { name: front, mode: transparent, by: plain, address: "127.0.0.1:7080", destination: "192.0.2.80:80" }
                  - { name: chain, mode: chain, by: plain, address: "127.0.0.1:7001" }
                route: { to: destination }
                """ + more));
    }

    private static ProcessLimits process(long descriptors) {
        return new ProcessLimits(descriptors, OPEN, 4 * GIB, 4 * GIB, 2);
    }

    private HopSizes sizes(String more, long descriptors, String... configured) throws Exception {
        return HopSizes.of(hop(more), ImmutableSet.copyOf(configured), process(descriptors));
    }

    @Test
    void asManyAsAreConfiguredWhereTheyFit() throws Exception {
        HopSizes fits = sizes("", 1_048_576);

        assertThat(fits.flows()).isEqualTo(8000);
        assertThat(fits.waiting()).isEqualTo(1024);
        assertThat(fits.halfOpenHeaders()).isEqualTo(4000);
        assertThat(fits.accepted()).isEqualTo(4096);
        assertThat(fits.rows()).isEqualTo(8000 + 1024 + 4000 + 1064);
        assertThat(fits.rememberedChains()).isEqualTo(500_000);
        assertThat(fits.adminConnections()).isEqualTo(32);
        assertThat(fits.problems()).isEmpty();
        assertThat(fits.lowered()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(longs = {256, 320, 1024, 4096, 20_000, 1_048_576})
    void everythingTogetherFitsIntoTheDescriptors(long descriptors) throws Exception {
        HopSizes fits = sizes("admin: { metrics: \"127.0.0.1:9464\" }", descriptors);

        assertThat(HopSizes.sum(fits.descriptors())).isLessThanOrEqualTo(descriptors);
        assertThat(fits.problems()).isEmpty();
        assertThat(fits.flows()).isGreaterThan(20);
        assertThat(fits.waiting()).isGreaterThanOrEqualTo(8);
        assertThat(fits.halfOpenHeaders()).isGreaterThanOrEqualTo(8);
    }

    /** Otherwise each of these would fill the table of flows, so that no connection is accepted. */
    @ParameterizedTest
    @CsvSource({"8, 1024, 1048576", "64, 1024, 4096", "2000, 100000, 1048576", "8000, 1024, 20000"})
    void thereAreRecordsForNewFlowsBesideAllOthers(int flows, int waiting, long descriptors) throws Exception {
        HopSizes fits = sizes("limits: { flows: %d }\nbudget: { waiting: %d }".formatted(flows, waiting), descriptors);

        assertThat(fits.rows() - fits.flows() - fits.waiting() - fits.halfOpenHeaders())
                .isGreaterThanOrEqualTo(8);
    }

    @Test
    void defaultsThatDontFitAreLoweredAndNamed() throws Exception {
        HopSizes fits = sizes("", 4096);

        assertThat(fits.problems()).isEmpty();
        assertThat(fits.lowered())
                .anyMatch(line -> line.startsWith("limits.flows is lowered from 8000 to " + fits.flows()
                                + ": 8000 flows need 16000 descriptors")
                        && line.contains("LimitNOFILE="))
                .anyMatch(line -> line.startsWith("budget.waiting is lowered from 1024 to " + fits.waiting()))
                .anyMatch(line -> line.startsWith("limits.half-open-headers-total is lowered from 4000 to "));
    }

    @Test
    void configuredFlowsThatDontFitAreAProblem() throws Exception {
        HopSizes fits = sizes("limits: { flows: 2000 }", 4096, HopSizes.FLOWS);

        assertThat(fits.problems()).singleElement().satisfies(problem -> {
            assertThat(problem.key()).isEqualTo("limits.flows");
            assertThat(problem.message())
                    .contains("2000 flows need 4000 descriptors", "this process may open 4096", fits.flows() + " fit");
        });
        assertThat(sizes("limits: { flows: %d }".formatted(fits.flows()), 4096, HopSizes.FLOWS)
                        .problems())
                .isEmpty();
    }

    @Test
    void configuredWaitingFlowsAreNotLoweredAndTakeFromTheFlows() throws Exception {
        HopSizes fits = sizes("budget: { waiting: 3000 }", 4096, HopSizes.WAITING);

        assertThat(fits.waiting()).isEqualTo(3000);
        assertThat(fits.flows()).isLessThan(500);
        assertThat(fits.problems()).isEmpty();
        assertThat(HopSizes.sum(fits.descriptors())).isLessThanOrEqualTo(4096);
    }

    @ParameterizedTest
    @CsvSource({
        "'budget: { waiting: 5000 }', budget.waiting",
        "'limits: { half-open-headers: 100, half-open-headers-total: 5000 }', limits.half-open-headers-total"
    })
    void configuredLimitsThatLeaveNothingForFlowsAreAProblem(String configuration, String key) throws Exception {
        assertThat(sizes(configuration, 4096, key).problems())
                .singleElement()
                .satisfies(problem -> assertThat(problem.key()).isEqualTo(key));
    }

    @ParameterizedTest
    @CsvSource({"'', 2", "'limits: { event-loops: 1 }', 1", "'limits: { event-loops: 8 }', 8"})
    void aLoopForEachProcessorUnlessConfigured(String configuration, int loops) throws Exception {
        HopSizes sizes = sizes(configuration, 1_048_576);

        assertThat(sizes.eventLoops()).isEqualTo(loops);
        assertThat(sizes.descriptors())
                .filteredOn(line -> line.what().equals("event loops"))
                .extracting(HopSizes.Line::count)
                .containsExactly(loops + 2L);
    }

    @Test
    void aProcessThatCanOpenTooFewFilesForAnyFlowIsAProblem() throws Exception {
        assertThat(sizes("", 100).problems())
                .singleElement()
                .satisfies(problem -> assertThat(problem.message()).contains("this process may open 100"));
    }

    @Test
    void chainsAndFlowsFitIntoTheHeap() throws Exception {
        long heap = 96L << 20;
        HopSizes fits = HopSizes.of(hop(""), ImmutableSet.of(), new ProcessLimits(1_048_576, OPEN, heap, heap, 2));

        assertThat(HopSizes.sum(fits.heap())).isLessThanOrEqualTo(heap);
        assertThat(fits.lowered())
                .anyMatch(line -> line.startsWith("limits.flows is lowered from 8000 to ") && line.contains("-Xmx"))
                .anyMatch(line -> line.startsWith("limits.remembered-chains is lowered from 500000 to "));
    }

    @Test
    void configuredChainsThatDontFitIntoTheHeapAreAProblem() throws Exception {
        HopSizes fits = HopSizes.of(
                hop("limits: { remembered-chains: 100000000 }"), ImmutableSet.of(HopSizes.CHAINS), process(1_048_576));

        assertThat(fits.problems()).singleElement().satisfies(problem -> {
            assertThat(problem.key()).isEqualTo("limits.remembered-chains");
            assertThat(problem.message()).contains("MiB of heap");
        });
    }

    /** Its listeners read no header, so no resources are reserved for headers. */
    @Test
    void aFirstHopKeepsNothingForHeaders() throws Exception {
        HopConfig first = ConfigReader.read(Files.writeString(folder.resolve("first.yaml"), """
                hop: hop-a
                host: edge-1
                key: hop-a.key
                listeners:
                  - { name: front, mode: transparent, by: plain, address: "127.0.0.1:7080", destination: "192.0.2.80:80" }
                route: { to: destination }
                """));

        assertThat(List.copyOf(
                        HopSizes.of(first, ImmutableSet.of(), process(20_000)).descriptors()))
                .noneMatch(line -> line.key().equals(HopSizes.HALF_OPEN));
        assertThat(HopSizes.of(first, ImmutableSet.of(), process(20_000)).flows())
                .isEqualTo(8000);
    }
}

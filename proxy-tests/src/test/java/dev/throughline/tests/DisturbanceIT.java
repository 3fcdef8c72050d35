package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A minute of {@code ./throughline disturb}: half for each method. */
@NeedsNamespaces
@NeedsPrograms({"conntrack", "iptables-nft"})
@Order(1)
@Timeout(180)
class DisturbanceIT {
    private static final long SEED = 13;
    private static final Duration DURATION = Duration.ofSeconds(30);

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"tproxy", "redirect"})
    void whateverIsDoneToTheHostNothingLeavesPastTheHopAndNothingHangs(String way)
            throws IOException, InterruptedException {
        try (Disturbance scene = new Disturbance(folder, way, SEED)) {
            assertThat(scene.play(DURATION)).describedAs("seed %d", SEED).isEmpty();
        }
    }
}

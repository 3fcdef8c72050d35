package dev.throughline.identify.ebpf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.throughline.platform.linux.Btf;
import dev.throughline.platform.linux.OsException;
import dev.throughline.platform.linux.PinnedFile;
import java.io.IOException;
import java.nio.file.Files;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Only the parts that the kernel refuses are not recorded. */
class TracePlanTest {
    private Optional<KernelLayout> layout = Optional.empty();

    @BeforeEach
    void read() throws IOException {
        Assumptions.assumeTrue(Files.isReadable(Btf.KERNEL), "this kernel doesn't show its types");
        layout = KernelLayout.of(Btf.read(Btf.KERNEL));
    }

    /** A kernel that refuses programs with some parts, as with a lockdown or without a capability. */
    private static TracePlan.Trial refusing(Set<TracePart> refused) {
        return plan -> {
            if (plan.parts().stream().anyMatch(refused::contains)) {
                throw refusal();
            }
        };
    }

    private static OsException refusal() throws OsException {
        PinnedFile.open("/nonexistent").close();
        throw new AssertionError("there is no such file");
    }

    @Test
    void aKernelThatRefusesNothingRecordsAllParts() throws OsException {
        TracePlan plan = TracePlan.most(layout, _ -> {});

        assertThat(plan.parts()).containsExactly(TracePart.values());
        assertThat(plan.missing()).isEmpty();
    }

    @Test
    void eachPartIsLeftOutAlone() throws OsException {
        for (TracePart part : TracePart.values()) {
            TracePlan plan = TracePlan.most(layout, refusing(Set.of(part)));

            assertThat(plan.parts()).containsExactlyElementsOf(EnumSet.complementOf(EnumSet.of(part)));
            assertThat(plan.missing()).containsOnlyKeys(part);
            assertThat(plan.missing().get(part)).contains("ENOENT");
        }
    }

    @Test
    void allOfThemCanBeLeftOut() throws OsException {
        TracePlan plan = TracePlan.most(layout, refusing(EnumSet.allOf(TracePart.class)));

        assertThat(plan.parts()).isEmpty();
        assertThat(plan.missing()).containsOnlyKeys(TracePart.values());
    }

    /** Each part alone is small enough, all together are too large. */
    @Test
    void partsThatAreOnlyRefusedTogetherAreLeftOutTogether() throws OsException {
        TracePlan plan = TracePlan.most(layout, tried -> {
            if (tried.parts().size() > 1) {
                throw refusal();
            }
        });

        assertThat(plan.parts()).isEmpty();
        assertThat(plan.missing()).containsOnlyKeys(TracePart.values());
    }

    @Test
    void withoutTypesNothingIsFollowed() throws OsException {
        TracePlan plan = TracePlan.most(Optional.empty(), _ -> {});

        assertThat(plan.parts()).containsExactly(TracePart.COMMAND, TracePart.CGROUP);
        assertThat(plan.missing())
                .containsOnlyKeys(TracePart.PROCESS, TracePart.PARENT, TracePart.SOCKET, TracePart.EXEC);
    }

    @Test
    void aKernelThatRefusesEverythingIsReported() {
        assertThatThrownBy(() -> TracePlan.most(layout, _ -> {
                    throw refusal();
                }))
                .isInstanceOf(OsException.class);
    }

    /** The kernel's verifier accepts the program without any of its parts. */
    @Test
    void theKernelAcceptsTheProgramsWithoutEachPart() throws Exception {
        Kernel.assumeTracingIsPossible();
        for (TracePart part : TracePart.values()) {
            Set<TracePart> rest = EnumSet.complementOf(EnumSet.of(part));
            TracePlan plan = TracePlan.most(layout, refusing(Set.of(part)));
            assertThat(plan.parts()).containsExactlyElementsOf(rest);

            ConnectObjects.attach(Kernel.cgroups(), 16, ConnectTracer.PER_SECOND, plan)
                    .close();
        }
    }
}

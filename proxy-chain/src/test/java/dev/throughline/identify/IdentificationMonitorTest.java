package dev.throughline.identify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.identify.ebpf.ConnectTracer;
import dev.throughline.identify.ebpf.Kernel;
import dev.throughline.identify.ebpf.TracerStartup;
import dev.throughline.originator.Evidence;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The best available evidence, and the missing requirements for better evidence. */
@Timeout(60)
class IdentificationMonitorTest {
    private static final TracerStartup NOT_NOW = new TracerStartup.Unavailable("no CAP_BPF", "run it with CAP_BPF");

    private ProcessIdentifier identifier;

    @BeforeEach
    void open() throws IOException {
        identifier = ProcessIdentifier.open(IdentifyLimits.NORMAL);
    }

    @AfterEach
    void close() {
        identifier.close();
    }

    private static TracerStartup taken(Path cgroup) {
        try {
            return new TracerStartup.Started(ConnectTracer.open(cgroup, 1024));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Evidence best(IdentificationMonitor watch) {
        return watch.status().orElseThrow().best();
    }

    @Test
    void withoutTracingSocketsAreLookedUpAndTheMissingRequirementsAreReported() {
        IdentificationStatus found = IdentificationMonitor.probe(identifier, () -> NOT_NOW);

        assertThat(found.best()).isEqualTo(Evidence.SOCKET_LOOKUP);
        assertThat(found.missing())
                .first()
                .isEqualTo(new IdentificationStatus.MissingRequirement("no CAP_BPF", "run it with CAP_BPF"));
        assertThat(found)
                .hasToString("socket-lookup: " + found.reach() + "; better evidence is unavailable: no CAP_BPF"
                        + found.missing().stream()
                                .skip(1)
                                .map(lack -> "; better evidence is unavailable: " + lack.what())
                                .reduce("", String::concat));
    }

    @Test
    void notesAreTheBest() throws IOException {
        Kernel.assumeTracingIsPossible();

        assertThat(IdentificationMonitor.probe(identifier, () -> TracerStartup.begin(1024))
                        .best())
                .isEqualTo(Evidence.KERNEL_CONNECT);
    }

    @Test
    void aMethodThatBecomesAvailableIsUsed() throws IOException {
        Kernel.assumeTracingIsPossible();
        TracerStartup[] next = {NOT_NOW};
        try (IdentificationMonitor watch = new IdentificationMonitor(identifier, () -> next[0])) {
            watch.check();
            assertThat(best(watch)).isEqualTo(Evidence.SOCKET_LOOKUP);

            next[0] = taken(Kernel.cgroups());
            watch.check();

            assertThat(best(watch)).isEqualTo(Evidence.KERNEL_CONNECT);
            try (Application application = Application.run("echo ready >&3; read -r line <&3")) {
                assertThat(identifier
                                .identify(application.tuple())
                                .join()
                                .identity()
                                .evidence())
                        .isEqualTo(Evidence.KERNEL_CONNECT);
            }
        }
    }

    /** Here the cgroup is removed; bpftool(8) can detach programs too. */
    @Test
    void aTracerThatAnotherProgramDetachedIsNoLongerUsed() throws IOException {
        Kernel.assumeTracingIsPossible();
        Path group = Files.createTempDirectory(Kernel.cgroups(), "throughline-test-");
        TracerStartup[] next = {taken(group)};
        try (IdentificationMonitor watch = new IdentificationMonitor(identifier, () -> next[0])) {
            watch.check();
            assertThat(best(watch)).isEqualTo(Evidence.KERNEL_CONNECT);

            next[0] = NOT_NOW;
            Files.delete(group);
            // The kernel detaches the programs a moment later.
            do {
                watch.check();
            } while (best(watch) == Evidence.KERNEL_CONNECT);

            assertThat(best(watch)).isEqualTo(Evidence.SOCKET_LOOKUP);
            try (Application application = Application.run("echo ready >&3; read -r line <&3")) {
                assertThat(identifier
                                .identify(application.tuple())
                                .join()
                                .identity()
                                .evidence())
                        .isEqualTo(Evidence.SOCKET_LOOKUP);
            }
        } finally {
            Files.deleteIfExists(group);
        }
    }

    /** A check may be running when the hop ends: a tracer that it started then would never be closed. */
    @Test
    void onceClosedItBeginsNothing() {
        IdentificationMonitor watch = new IdentificationMonitor(identifier, () -> {
            throw new AssertionError("tracing was started");
        });
        watch.close();

        watch.check();

        assertThat(best(watch)).isEqualTo(Evidence.SOCKET_LOOKUP);
    }

    @Test
    void tracingCanBeDisabledByConfiguration() {
        assertThat(TracerStartup.begin(0))
                .isEqualTo(new TracerStartup.Unavailable("connect tracing is disabled (connect-notes: 0)", ""));
    }
}

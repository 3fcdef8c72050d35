package dev.throughline.identify;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** All facts are of one process instance that ran one executable, or they are unknown. */
@Timeout(60)
class ProcessReaderTest {
    private static final String EXEC_AFTER_A_LINE = "echo ready >&3; read -r line <&3; exec /usr/bin/sleep 1000";

    private final ExecutableDigests digests = new ExecutableDigests(id -> id);

    @AfterEach
    void close() {
        digests.close();
    }

    private ProcessReader reader(ProcessReader.Views views) {
        return new ProcessReader(digests, Optional.empty(), Known.reads(), views);
    }

    private static void exec(Application application) throws IOException {
        application.accepted().getOutputStream().write("now\n".getBytes(StandardCharsets.US_ASCII));
        Path exe = Path.of("/proc/" + application.pid() + "/exe");
        Path sleep = Path.of("/usr/bin/sleep").toRealPath();
        while (!exe.toRealPath().equals(sleep)) {
            Thread.onSpinWait();
        }
    }

    @Test
    void anUnchangedProcessIsRead() throws IOException {
        try (Application application = Application.run(EXEC_AFTER_A_LINE)) {
            assertThat(reader(ProcessView::read)
                            .read(application.pid(), Map.of())
                            .orElseThrow()
                            .view())
                    .isEqualTo(ProcessView.read(application.pid()));
        }
    }

    /** The instance is checked again after all reads. */
    @Test
    void aProcessThatChangesItsExecutableDuringTheReadIsNotRead() throws IOException {
        try (Application application = Application.run(EXEC_AFTER_A_LINE)) {
            AtomicInteger looks = new AtomicInteger();
            ProcessReader reader = reader(pid -> {
                if (looks.incrementAndGet() == 2) {
                    exec(application);
                }
                return ProcessView.read(pid);
            });

            assertThat(reader.read(application.pid(), Map.of())).isEmpty();
            assertThat(looks).hasValue(2);
        }
    }

    /** If it runs the first executable again at the second check, the hash would still be that of the other one. */
    @Test
    void theExecutableThatIsHashedIsTheOneThatWasSeen() throws IOException {
        try (Application application = Application.run(EXEC_AFTER_A_LINE)) {
            ProcessView before = ProcessView.read(application.pid());
            exec(application);

            assertThat(reader(pid -> before).read(application.pid(), Map.of())).isEmpty();
        }
    }

    /** A descriptor number is reused at once by the next open. */
    @Test
    void aDescriptorThatIsAnotherFilesNowDoesNotHoldTheSocket() throws IOException {
        try (Application application = Application.run(EXEC_AFTER_A_LINE)) {
            String link = Files.readSymbolicLink(Path.of("/proc/" + application.pid() + "/fd/3"))
                    .toString();
            long inode = Long.parseLong(link.replaceAll("[^0-9]", ""));
            ProcessReader reader = reader(ProcessView::read);

            assertThat(reader.read(application.pid(), Map.of(3, inode))
                            .orElseThrow()
                            .held())
                    .containsExactly(3);
            assertThat(reader.read(application.pid(), Map.of(3, inode + 1))
                            .orElseThrow()
                            .held())
                    .isEmpty();
            assertThat(reader.read(application.pid(), Map.of(999, inode))
                            .orElseThrow()
                            .held())
                    .isEmpty();
        }
    }
}

package dev.throughline.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class FatalExceptionsTest {
    private static Process dying(String how) throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        DyingProcess.class.getName(),
                        how)
                .start();
    }

    @ParameterizedTest
    @ValueSource(strings = {"thread", "scheduled"})
    void aThreadThatDiesEndsTheProcessAndIsLogged(String how) throws Exception {
        Process process = dying(how);
        String log = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);

        assertThat(process.waitFor()).isEqualTo(ExitCode.THREAD_DIED);
        assertThat(log).contains("thread vital died, exiting").contains("java.lang.StackOverflowError: of a test");
        assertThat(process.inputReader().readLine()).isEqualTo("the last line");
    }

    @Test
    void theProcessEndsAlsoIfNobodyReadsItsMessages() throws Exception {
        Process process = dying("unread");

        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isEqualTo(ExitCode.THREAD_DIED);
    }
}

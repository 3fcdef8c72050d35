package dev.throughline.identify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.throughline.header.Tuple;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A user without capabilities sees only that user's processes, whatever the user id is. Here it is user 0, who
 * may read the classes of this test.
 */
@Timeout(120)
class OrdinaryUserTest {
    private static final List<String> WITHOUT_CAPABILITIES =
            List.of("setpriv", "--bounding-set=-all", "--inh-caps=-all");
    private static final List<String> AS_NOBODY =
            List.of("setpriv", "--reuid=65534", "--regid=65533", "--clear-groups");
    private static final String WAIT = "echo ready >&3; read -r line <&3";

    private record Said(int status, String text) {}

    @BeforeEach
    void assumeTwoUsers() throws IOException {
        assumeTrue(
                Files.readString(Path.of("/proc/self/uid_map")).contains("4294967295")
                        && Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0)
                        && Files.isExecutable(Path.of("/usr/bin/setpriv")),
                "needs to start processes of other users");
    }

    private static Said throughline(String... arguments) throws Exception {
        List<String> command = new ArrayList<>(WITHOUT_CAPABILITIES);
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                "dev.throughline.Main"));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Said(process.waitFor(), text);
    }

    private static Said who(Application application) throws Exception {
        return throughline(
                "who",
                Tuple.text(application.tuple().source()),
                Tuple.text(application.tuple().destination()));
    }

    @Test
    void hisOwnProcessIsNamed() throws Exception {
        try (Application own = Application.run(WITHOUT_CAPABILITIES, "/bin/bash", WAIT)) {
            Said said = who(own);

            assertThat(said.status()).as(said.text()).isZero();
            assertThat(said.text())
                    .containsPattern("\n  evidence +socket-lookup\n")
                    .containsPattern("\n  pid +" + own.pid() + "\n");
        }
    }

    @Test
    void anotherUsersProcessIsNotNamedButItsUserIs() throws Exception {
        try (Application others = Application.run(AS_NOBODY, "/bin/bash", WAIT)) {
            Said said = who(others);

            assertThat(said.status()).as("nobody is named").isEqualTo(8);
            assertThat(said.text())
                    .contains("  evidence       uid-only\n", "  uid            65534\n")
                    .doesNotContain("  pid ", "  exe ", "  comm ");
        }
    }

    /** An equal user id isn't enough: a process with more capabilities can't be read either. */
    @Test
    void aProcessOfHisThatHasMoreRightsIsNotNamedEither() throws Exception {
        try (Application stronger = Application.run(WAIT)) {
            Said said = who(stronger);

            assertThat(said.status()).as("nobody is named").isEqualTo(8);
            assertThat(said.text())
                    .containsPattern("\n  evidence +uid-only\n")
                    .containsPattern("\n  uid +0\n")
                    .doesNotContain("  pid ", "  exe ", "  comm ");
        }
    }

    @Test
    void doctorSaysWhatCannotBeSeenAndWhichCapabilityWouldHelp() throws Exception {
        Said said = throughline("doctor");

        assertThat(said.text())
                .contains(
                        "  ok    process identification by socket-lookup: the only process of this hop's own user that is"
                                + " seen to hold the socket; other users by uid only\n",
                        "  warn  better evidence is unavailable: CAP_SYS_PTRACE is missing\n      needed to see what processes of other users run\n",
                        "  warn  better evidence is unavailable: CAP_DAC_READ_SEARCH is missing\n      needed to read the descriptors and executables of other users' processes\n")
                .containsPattern(
                        "warn  better evidence is unavailable: CAP_NET_ADMIN, CAP_BPF missing\n      run the hop with ");
    }
}

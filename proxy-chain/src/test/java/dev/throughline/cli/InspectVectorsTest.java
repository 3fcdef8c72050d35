package dev.throughline.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.base.Splitter;
import com.google.common.collect.ImmutableSet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every public vector in {@code inspect}: the output has the vector's result, as far as a capture has it. */
class InspectVectorsTest {
    private static final Path VECTORS = Path.of("../proxy-core/src/test/resources/vectors");

    /** The reasons that only the receiver can find. */
    private static final Set<String> RECEIVERS_REASONS = ImmutableSet.of(
            "TOO_MANY_HOPS",
            "NOT_MY_AUDIENCE",
            "NOT_MY_CONNECTION",
            "EXPIRED",
            "FROM_THE_FUTURE",
            "ISSUED_BEFORE_START",
            "REPLAYED",
            "FLOW_REPEATED",
            "REPLAY_STORE_FULL");

    static Stream<String> names() throws IOException {
        try (Stream<Path> files = Files.list(VECTORS)) {
            return files
                    .map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".txt"))
                    .sorted()
                    .toList()
                    .stream();
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("names")
    void inspectPrintsTheExpectedResult(String name, @TempDir Path folder) throws IOException {
        String text = Files.readString(VECTORS.resolve(name));
        StringBuilder trust = new StringBuilder(Files.readString(VECTORS.resolve("scene.trust")));
        StringBuilder hex = new StringBuilder();
        String expect = "";
        boolean hasNat = false;
        boolean afterSettings = false;
        for (String line : Splitter.on('\n').split(text)) {
            afterSettings |= line.isEmpty();
            if (line.startsWith("expect: ")) {
                expect = line.substring("expect: ".length());
            } else if (line.startsWith("key: ")) {
                trust.append(line.substring("key: ".length())).append('\n');
            } else if (afterSettings) {
                hex.append(line.replaceFirst("#.*", ""));
            }
            // No link has the address translation before the receiver.
            hasNat |= line.startsWith("nat: ") && !line.contains(" vault ");
        }
        Files.writeString(folder.resolve("trust"), trust);
        Files.writeString(folder.resolve("header"), hex.toString());
        String command = "throughline inspect --trust ./trust ./header";

        String answer = new Transcript(folder)
                .play("$ " + command + "\nexit 0\n")
                .getFirst()
                .actual();

        String[] words = expect.split(" ");
        switch (words[0]) {
            case "verified" ->
                assertThat(answer)
                        .contains(hasNat ? "not verified: peer-broken" : "verified: signed by ")
                        .endsWith(hasNat ? "exit 5\n" : "exit 0\n");
            case "malformed", "header-malformed" -> {
                // A capture may be longer than a hop's limit.
                if (!name.equals("header-over-limit.txt")) {
                    assertThat(answer)
                            .startsWith("! malformed at byte " + words[1] + ": ")
                            .endsWith("exit 5\n");
                }
            }
            default -> {
                // A capture is verified as of the time of its last link, when that key was still valid.
                boolean found = !RECEIVERS_REASONS.contains(words[1]) && !name.equals("rejected-key-past.txt");
                String reason = words[1].toLowerCase(java.util.Locale.ROOT).replace('_', '-');
                assertThat(answer)
                        .contains(found ? "not verified: " + reason : "verified: signed by ")
                        .endsWith(found ? "exit 5\n" : "exit 0\n");
            }
        }
    }

    @Test
    void showsAllKnownFactsAboutAProcess(@TempDir Path folder) throws IOException {
        assertThat(shown("verified-detail-linux.txt", folder)).contains("""
                  user           ada
                  audit user     1000
                  audit session  7
                  parent         pid 4240, start time 1024
                  parent program /usr/lib/systemd/systemd
                  parent SHA-256 5d5d5d5d5d5d5d5d5d5d5d5d5d5d5d5d5d5d5d5d5d5d5d5d5d5d5d5d5d5d5d5d
                  command line   HMAC 5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c
                  executable     /usr/bin/curl
                  path state     deleted
                  file           253:1:65535
                  SHA-256        c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0
                  script         /opt/backup/run
                  command name   curl
                  unit           nginx.service
                  container      c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0
                  pod            00112233-4455-6677-8899-aabbccddeeff
                  cgroup         /user.slice/user-1000.slice
                  network ns     4026531992
                  pid ns         4026531836
                  boot id        b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0
                """);
        assertThat(shown("verified-detail-macos.txt", folder))
                .contains("  audit token    000001f5000001f5000001f5000001f5000001f5000001f5000001f5000001f5\n")
                .contains("""
                  signing id     com.apple.curl
                  team id        A1B2C3D4E5
                  cdhash         cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd
                """);
        assertThat(shown("verified-detail-parent-start-unknown.txt", folder)).contains("  parent         pid 4240\n");
    }

    private static String shown(String vector, Path folder) throws IOException {
        String text = Files.readString(VECTORS.resolve(vector));
        Files.writeString(
                folder.resolve("header"), text.substring(text.indexOf("\n\n")).replaceAll("#.*", ""));
        return new Transcript(folder)
                .play("$ throughline inspect ./header\nexit 0\n")
                .getFirst()
                .actual();
    }
}

package dev.throughline.hop;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableSet;
import dev.throughline.config.ConfigPositions;
import dev.throughline.config.ConfigReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The flags that the launcher gives to the Java virtual machine, by a program that prints them instead. */
@Timeout(60)
class LauncherTest {
    private static final long MIB = 1L << 20;

    @TempDir
    Path folder;

    @BeforeEach
    void install() throws IOException {
        Files.copy(Path.of("../throughline"), folder.resolve("throughline"));
        Files.createDirectories(folder.resolve("lib"));
        Files.createFile(folder.resolve("lib/throughline.jar"));
        Files.copy(Path.of("src/main/jvm/throughline.jvm"), folder.resolve("lib/throughline.jvm"));
        Files.createDirectories(folder.resolve("java/bin"));
        Files.writeString(folder.resolve("java/release"), "JAVA_VERSION=\"25.0.1\"\n");
        Path java = Files.writeString(folder.resolve("java/bin/java"), "#!/bin/sh\nprintf '%s\\n' \"$@\"\n");
        assertThat(java.toFile().setExecutable(true)).isTrue();
    }

    /** Returns what the launcher passes to Java. */
    private List<String> launch(String... arguments) throws IOException, InterruptedException {
        List<String> command =
                new ArrayList<>(List.of("bash", folder.resolve("throughline").toString()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment()
                .put("THROUGHLINE_JAVA_HOME", folder.resolve("java").toString());
        builder.environment().put("THROUGHLINE_JAVA_OPTS", "-Dlast=wins");
        Process process = builder.start();
        List<String> lines = process.inputReader().lines().toList();
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        return lines;
    }

    private static long mebibytes(List<String> flags, String prefix) {
        return flags.stream()
                .filter(flag -> flag.startsWith(prefix) && flag.endsWith("m"))
                .mapToLong(flag -> Long.parseLong(flag.substring(prefix.length(), flag.length() - 1)))
                .findFirst()
                .orElseThrow();
    }

    private Path config(String more) throws IOException {
        return Files.writeString(folder.resolve("hop.yaml"), """
                hop: hop-a
                host: edge-1
                key: hop-a.key
                trust: trust
                listeners:
                  - { name: chain, mode: chain, by: plain, address: "127.0.0.1:7001" }
                route: { to: destination }
                """ + more);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "limits: { flows: 100 }",
                "limits: { flows: 1, half-open-headers: 1, half-open-headers-total: 2, remembered-chains: 1000 }\nbudget: { waiting: 0 }",
                "limits: { flows: 4000 }",
                "limits: { \"flows\": 30000 }",
                "limits:\n  flows: 30000  # many\n  half-open-headers-total: 9000",
                "limits: {flows: 10000, remembered-chains: 3000000}\nbudget: { waiting: 9000 }",
                "budget: { waiting: 8000 }",
                "# limits: { flows: 10 }\nlimits: { flows: 12000 }"
            })
    void heapFitsTheLimitsOfTheConfiguration(String limits) throws Exception {
        Path file = config(limits);
        List<String> flags = launch("run", "--config", file.toString());
        long heap = mebibytes(flags, "-Xmx");
        // Some of the maximum is a survivor space, which Runtime.maxMemory() doesn't count.
        HopSizes sizes = sizes(file, heap - 1, mebibytes(flags, "-XX:MaxDirectMemorySize="));

        assertThat(sizes.problems()).isEmpty();
        assertThat(sizes.lowered()).isEmpty();
        assertThat(sizes.bufferBytes()).isGreaterThanOrEqualTo(sizes.flows() / 4 * (256L << 10));
        if (heap > 128) {
            HopSizes withLess = sizes(file, heap * 3 / 4, 64);
            assertThat(withLess.problems().size() + withLess.lowered().size()).isPositive();
        }
    }

    private static HopSizes sizes(Path file, long heap, long direct) throws Exception {
        ConfigPositions positions = ConfigPositions.read(file);
        ImmutableSet<String> configured =
                HopSizes.KEYS.stream().filter(positions::has).collect(ImmutableSet.toImmutableSet());
        return HopSizes.of(
                ConfigReader.read(file), configured, new ProcessLimits(1 << 20, 60, heap * MIB, direct * MIB, 4));
    }

    @Test
    void checkAndDoctorCalculateWithTheMemoryOfRun() throws Exception {
        String file = config("limits: { flows: 12345 }").toString();
        List<String> run = launch("run", "-c", file);

        assertThat(mebibytes(launch("check", file), "-Xmx")).isEqualTo(mebibytes(run, "-Xmx"));
        assertThat(mebibytes(launch("doctor", "--config=" + file), "-Xmx")).isEqualTo(mebibytes(run, "-Xmx"));
    }

    @Test
    void otherCommandsAndMissingFilesGetNoSizes() throws Exception {
        assertThat(launch("keys", "list")).noneMatch(flag -> flag.startsWith("-Xmx"));
        assertThat(launch("run", "-c", folder.resolve("missing.yaml").toString()))
                .noneMatch(flag -> flag.startsWith("-Xmx"))
                .contains("run");
        assertThat(launch("check")).noneMatch(flag -> flag.startsWith("-Xmx"));
    }

    @Test
    void optionsOfTheOperatorComeAfterAllFlags() throws Exception {
        List<String> flags = launch("run", "-c", config("").toString());

        assertThat(flags.getFirst()).isEqualTo("@" + folder.toRealPath().resolve("lib/throughline.jvm"));
        assertThat(flags.subList(0, flags.indexOf("-jar"))).last().isEqualTo("-Dlast=wins");
    }

    @Test
    void saysThatTheFileOfFlagsIsMissing() throws Exception {
        Files.delete(folder.resolve("lib/throughline.jvm"));

        assertThat(launch("keys", "list")).singleElement().asString().contains("throughline.jvm");
    }
}

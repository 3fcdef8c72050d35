package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.demo.ProgramCommand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The AOT cache beside the program's jar, in an installation according to deploy/README.md. */
@Timeout(180)
class AheadOfTimeIT {
    @TempDir
    Path folder;

    private Path installed;

    @BeforeEach
    void install() throws IOException {
        Path built =
                Path.of(System.getProperty("throughline.jar")).toAbsolutePath().getParent();
        installed = Files.createDirectories(folder.resolve("lib/throughline"));
        Files.createDirectories(installed.resolve("lib"));
        List<Path> files;
        try (Stream<Path> libraries = Files.list(built.resolve("lib"))) {
            files = Stream.concat(
                            Stream.of("throughline.jar", "throughline.jvm", "throughline.aot")
                                    .map(built::resolve),
                            libraries)
                    .toList();
        }
        for (Path file : files) {
            Files.copy(file, installed.resolve(built.relativize(file).toString()), StandardCopyOption.COPY_ATTRIBUTES);
        }
        Files.createDirectory(folder.resolve("bin"));
        Files.copy(Program.checkout().resolve("throughline"), folder.resolve("bin/throughline"));
        assertThat(folder.resolve("bin/throughline").toFile().setExecutable(true))
                .isTrue();
    }

    @Test
    void fitsTheInstalledProgram() throws IOException {
        // With AOTMode=on the virtual machine ends with an error unless it uses the whole cache.
        String version = Host.THIS.run(List.of(
                ProgramCommand.java(),
                "-XX:AOTMode=on",
                "-XX:AOTCache=" + installed.resolve("throughline.aot"),
                "@" + installed.resolve("throughline.jvm"),
                "-jar",
                installed.resolve("throughline.jar").toString(),
                "--version"));
        assertThat(version).startsWith("throughline ");
    }

    /** A training that fails does not fail the build, but leaves a cache that is hardly worth its size. */
    @Test
    void wasMadeByATrainingWithFlowsThroughTwoHops() throws IOException {
        Path log =
                Path.of(System.getProperty("throughline.jar")).toAbsolutePath().resolveSibling("train.log");
        assertThat(Files.readAllLines(log))
                .filteredOn(line -> line.contains("\"reason\":\"completed\""))
                .hasSizeGreaterThanOrEqualTo(2 * 200);
    }

    enum Unfit {
        MISSING,
        EMPTY,
        CUT_SHORT,
        OF_ANOTHER_JAR
    }

    @ParameterizedTest
    @EnumSource
    void isLeftOutWithoutAWordIfItDoesNotFit(Unfit how) throws IOException {
        Path cache = installed.resolve("throughline.aot");
        switch (how) {
            case MISSING -> Files.delete(cache);
            case EMPTY -> Files.write(cache, new byte[0]);
            case CUT_SHORT -> {
                byte[] whole = Files.readAllBytes(cache);
                Files.write(cache, Arrays.copyOf(whole, whole.length / 2));
            }
            case OF_ANOTHER_JAR ->
                assertThat(installed.resolve("throughline.jar").toFile().setLastModified(1_000_000_000_000L))
                        .isTrue();
        }
        assertThat(Host.THIS.run(List.of(folder.resolve("bin/throughline").toString(), "--version")))
                .matches("throughline \\S+ \\(Java [^\n]*\\)\n");
    }
}

package dev.throughline.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Constructor;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** The plain reader of {@code run} reads what picocli reads, and leaves everything else to it. */
class PlainRunTest {
    private static final Map<String, String> NO_ENVIRONMENT = Map.of();

    @ParameterizedTest
    @ValueSource(
            strings = {
                "run -c hop.yaml",
                "run --config hop.yaml",
                "run --config=hop.yaml",
                "run -c /etc/throughline/hop-a.yaml",
                "run --config ../a=b.yaml",
                "run --config=a=b.yaml",
                "run -c run",
                "run -c demo",
                "run --config=ä.yaml",
                "run -c hop#1.yaml"
            })
    void readsThePlainFormsAsPicocli(String line) throws Exception {
        assertThat(plain(line)).isPresent().isEqualTo(picocli(line));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "run",
                "run hop.yaml",
                "run --check -c hop.yaml",
                "run -c hop.yaml --check",
                "run --check",
                "run -h",
                "run --help",
                "run -c",
                "run --config",
                "run --config=",
                "run -chop.yaml",
                "run -c=hop.yaml",
                "run -c --check",
                "run -c -h",
                "run -c -x",
                "run -c @hop.yaml",
                "run --config=@hop.yaml",
                "run @arguments",
                "run --conf hop.yaml",
                "run --conf=hop.yaml",
                "run --config hop.yaml extra",
                "run --config hop.yaml -c other.yaml",
                "run -c \"hop.yaml\"",
                "run -c 'hop.yaml'",
                "run -c ${env:HOME}/hop.yaml",
                "run -- -c hop.yaml",
                "run -c hop.yaml --",
                "-c hop.yaml run",
                "run run -c hop.yaml",
                "check hop.yaml",
                "check -c hop.yaml",
                "help run",
                "--version"
            })
    void leavesEverythingElseToPicocli(String line) {
        assertThat(plain(line)).isEmpty();
    }

    @Test
    void readsTheVariableWithoutOption() {
        assertThat(PlainRun.config(new String[] {"run"}, Map.of("THROUGHLINE_CONFIG", "hop.yaml")))
                .contains(Path.of("hop.yaml"));
        assertThat(PlainRun.config(new String[] {"run"}, Map.of("THROUGHLINE_CONFIG", "")))
                .isEmpty();
        assertThat(PlainRun.config(new String[] {"run"}, Map.of("THROUGHLINE_CONFIG", "${env:HOME}/hop.yaml")))
                .isEmpty();
    }

    @Test
    void prefersTheOptionToTheVariable() {
        assertThat(PlainRun.config(new String[] {"run", "-c", "hop.yaml"}, Map.of("THROUGHLINE_CONFIG", "other.yaml")))
                .contains(Path.of("hop.yaml"));
    }

    private static Optional<Path> plain(String line) {
        return PlainRun.config(words(line), NO_ENVIRONMENT);
    }

    private static String[] words(String line) {
        return Arrays.stream(line.split(" ")).filter(word -> !word.isEmpty()).toArray(String[]::new);
    }

    /** Returns the configuration of a hop that picocli would run; empty if it wouldn't. */
    private static Optional<Path> picocli(String line) throws ReflectiveOperationException {
        Constructor<Cli> root = Cli.class.getDeclaredConstructor();
        root.setAccessible(true);
        try {
            List<CommandLine> parsed =
                    new CommandLine(root.newInstance()).parseArgs(words(line)).asCommandLineList();
            ParseResult last = parsed.getLast().getParseResult();
            return parsed.getLast().getCommand() instanceof RunCommand run
                            && !run.check
                            && !last.isUsageHelpRequested()
                            && !last.isVersionHelpRequested()
                    ? Optional.of(run.config.file)
                    : Optional.empty();
        } catch (ParameterException e) {
            return Optional.empty();
        }
    }
}

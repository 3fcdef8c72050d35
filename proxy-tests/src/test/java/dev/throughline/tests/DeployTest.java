package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.base.Splitter;
import dev.throughline.chain.RejectReason;
import dev.throughline.config.ConfigReader;
import dev.throughline.config.HopConfig;
import dev.throughline.flow.CloseReason;
import dev.throughline.intercept.ConfiguredRules;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What an operator reads and copies is right: the example configurations, and tables of reasons in the documents. */
class DeployTest {
    static Stream<Path> examples() throws IOException {
        return files("deploy", ".yaml");
    }

    static Stream<Path> documents() throws IOException {
        return files("", ".md");
    }

    private static Stream<Path> files(String folder, String ending) throws IOException {
        Path checkout = Program.checkout();
        try (Stream<Path> all = Files.walk(checkout.resolve(folder))) {
            return all
                    .filter(file -> file.toString().endsWith(ending))
                    .map(checkout::relativize)
                    .filter(file -> !file.toString().contains("target"))
                    .toList()
                    .stream();
        }
    }

    @Test
    void thereAreExamples() throws IOException {
        assertThat(examples()).hasSizeGreaterThanOrEqualTo(7);
    }

    @ParameterizedTest
    @MethodSource("examples")
    void anExampleIsAWorkingConfiguration(Path file) throws Exception {
        HopConfig config = ConfigReader.read(Program.checkout().resolve(file));
        assertThat(ConfiguredRules.of(config).map(plan -> plan.problems()).orElse(null))
                .satisfiesAnyOf(
                        problems -> assertThat(problems).isNull(),
                        problems -> assertThat(problems).isEmpty());
    }

    /** Hops of one example folder go together: each names the next one, and marks and pid files match. */
    @Test
    void theHopsOfAnExampleFitTogether() throws Exception {
        Map<String, HopConfig> hops = new HashMap<>();
        for (Path file :
                examples().filter(path -> path.toString().contains("one-host")).toList()) {
            HopConfig config = ConfigReader.read(Program.checkout().resolve(file));
            hops.put(config.name(), config);
        }
        assertThat(hops).hasSize(3);
        hops.values()
                .forEach(hop -> hop.listeners().forEach(listener -> {
                    if (listener instanceof dev.throughline.config.ListenerConfig.PreviousHop chain) {
                        HopConfig previous = hops.get(chain.previous().hop());
                        assertThat(chain.previous().mark()).hasValue(previous.mark());
                        assertThat(chain.previous().pidFile())
                                .hasValue(previous.admin().pidFile());
                        assertThat(previous.laterMarks()).contains(hop.mark());
                    }
                }));
    }

    /** A table whose first column is headed by one of these names all of them, once each, and nothing else. */
    private static Optional<List<String>> meant(String heading) {
        String words = heading.toLowerCase(Locale.ROOT);
        if (words.contains("close reason")) {
            return Optional.of(texts(CloseReason.values()));
        }
        return words.contains("reject reason") ? Optional.of(texts(RejectReason.values())) : Optional.empty();
    }

    private static List<String> texts(Object[] values) {
        return Stream.of(values).map(String::valueOf).toList();
    }

    @ParameterizedTest
    @MethodSource("documents")
    void tablesOfReasonsAreComplete(Path file) throws IOException {
        List<String> lines = Files.readAllLines(Program.checkout().resolve(file));
        for (int i = 0; i < lines.size() - 1; i++) {
            boolean heading = lines.get(i).startsWith("|") && lines.get(i + 1).matches("\\|[ :|-]+");
            Optional<List<String>> meant = heading ? meant(cell(lines.get(i))) : Optional.empty();
            if (meant.isPresent()) {
                List<String> found = new ArrayList<>();
                lines.stream()
                        .skip(i + 2)
                        .takeWhile(line -> line.startsWith("|"))
                        .forEach(line -> found.add(cell(line).replace("`", "")));
                assertThat(found).doesNotHaveDuplicates();
                assertThat(new TreeSet<>(found))
                        .describedAs("%s, line %d", file, i + 1)
                        .isEqualTo(meant.get().stream().collect(Collectors.toCollection(TreeSet::new)));
            }
        }
    }

    private static String cell(String row) {
        return Splitter.on('|').trimResults().splitToList(row).get(1);
    }
}

package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.base.Ascii;
import com.google.common.base.CharMatcher;
import com.google.common.base.Splitter;
import dev.throughline.config.ConfigReader;
import dev.throughline.config.HopConfig;
import dev.throughline.config.Limits;
import dev.throughline.flow.CloseReason;
import dev.throughline.intercept.ConfiguredRules;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the documents say, held against what there is. */
class DocumentsTest {
    private static final Path CHECKOUT = Path.of("..");

    static List<Path> exampleConfigurations() throws IOException {
        try (Stream<Path> files = Files.walk(CHECKOUT.resolve("deploy"))) {
            return files.filter(file -> file.toString().endsWith(".yaml"))
                    .sorted()
                    .toList();
        }
    }

    @ParameterizedTest
    @MethodSource("exampleConfigurations")
    void everyExampleConfigurationIsRight(Path file) throws Exception {
        HopConfig config = ConfigReader.read(file);

        ConfiguredRules.of(config).ifPresent(plan -> assertThat(plan.problems()).isEmpty());
    }

    @Test
    void thereIsAnExampleOfEachRole() throws IOException {
        assertThat(exampleConfigurations().stream()
                        .map(file -> CHECKOUT.relativize(file).toString()))
                .contains(
                        "deploy/examples/forward.yaml",
                        "deploy/examples/reference.yaml",
                        "deploy/examples/one-host/hop-a.yaml",
                        "deploy/examples/one-host/hop-b.yaml",
                        "deploy/examples/one-host/hop-c.yaml",
                        "deploy/examples/three-hosts/hop-a.yaml",
                        "deploy/examples/three-hosts/hop-b.yaml",
                        "deploy/examples/three-hosts/hop-c.yaml");
    }

    @Test
    void theReferenceAndTheSpecificationGiveTheLimitsThatAHopHas() throws Exception {
        Limits limits = ConfigReader.read(CHECKOUT.resolve("deploy/examples/reference.yaml"))
                .limits();

        assertThat(limits).isEqualTo(Limits.DEFAULTS);
        assertThat(Files.readString(CHECKOUT.resolve("proxy-core/SPEC-VERIFICATION.md")))
                .contains(
                        "| time for a header | " + limits.headerTimeout().toSeconds() + " s |",
                        "| unfinished headers of a peer | " + limits.halfOpenHeaders() + " |",
                        "| unfinished headers in all | " + limits.halfOpenHeadersTotal() + " |",
                        "| failed headers of a peer | " + limits.headerFailures() + " in "
                                + limits.headerFailuresWindow().toSeconds() + " s |");
    }

    @Test
    void theReadmeListsEveryCloseReason() throws IOException {
        String readme = Files.readString(CHECKOUT.resolve("README.md"));
        String list = readme.substring(readme.indexOf("<!-- close-reasons"), readme.indexOf("<!-- end -->"));

        assertThat(Splitter.on('`')
                        .splitToStream(list)
                        .map(String::strip)
                        .filter(word -> word.matches("[a-z]+(-[a-z]+)*")))
                .containsExactlyElementsOf(Arrays.stream(CloseReason.values())
                        .map(CloseReason::toString)
                        .toList());
    }

    /** Each attack needs a class with its name in one of the two tests where a reviewer looks. */
    @Test
    void everyAttackOfTheSpecificationIsATestOfItsName() throws IOException {
        String spec = Files.readString(CHECKOUT.resolve("proxy-core/SPEC-OPERATION.md"));
        String list = spec.substring(spec.indexOf("\n### Attacks\n"));
        Set<String> attacks = Splitter.on('\n')
                .splitToStream(list)
                .filter(line -> line.contains("  "))
                .map(line -> line.substring(0, line.indexOf("  ")))
                .map(DocumentsTest::letters)
                .collect(Collectors.toCollection(TreeSet::new));
        Set<String> tests = new TreeSet<>();
        for (String file : List.of(
                "proxy-core/src/test/java/dev/throughline/chain/AttackTest.java",
                "proxy-tests/src/test/java/dev/throughline/tests/AttackIT.java")) {
            Pattern.compile("@Nested\\s+class (\\w+)")
                    .matcher(Files.readString(CHECKOUT.resolve(file)))
                    .results()
                    .forEach(found -> tests.add(letters(found.group(1))));
        }

        assertThat(attacks).hasSizeGreaterThan(30).isEqualTo(tests);
    }

    private static String letters(String name) {
        return CharMatcher.inRange('a', 'z').retainFrom(Ascii.toLowerCase(name));
    }

    @Test
    void theReadmeIsShort() throws IOException {
        assertThat(Files.readAllLines(CHECKOUT.resolve("README.md"))).hasSizeLessThanOrEqualTo(150);
    }

    @Test
    void ciRunsTheReadmesTestCommand() throws IOException {
        assertThat(Files.readString(CHECKOUT.resolve("README.md"))).contains("./throughline verify ");
        assertThat(Files.readString(CHECKOUT.resolve(".ci/run"))).contains("./throughline verify");
    }

    @Test
    void theTestsThatTheContributorGuideNamesExist() throws IOException {
        String guide = Files.readString(CHECKOUT.resolve(".github/CONTRIBUTING.md"));
        List<String> named = Pattern.compile("-D(?:it\\.)?test=(\\w+)")
                .matcher(guide)
                .results()
                .map(name -> name.group(1) + ".java")
                .toList();

        assertThat(named).hasSize(2);
        for (String name : named) {
            try (Stream<Path> files = Files.walk(CHECKOUT)) {
                assertThat(files.anyMatch(file -> file.endsWith(name))).as(name).isTrue();
            }
        }
    }

    @Test
    void everyLinkInADocumentLeadsSomewhere() throws IOException {
        for (String document : List.of(
                "README.md",
                "deploy/README.md",
                "deploy/beside-others.md",
                "deploy/macos/README.md",
                ".github/CONTRIBUTING.md",
                "proxy-core/README.md",
                "proxy-core/SPEC.md",
                "proxy-core/SPEC-FORMAT.md",
                "proxy-core/SPEC-VERIFICATION.md",
                "proxy-core/SPEC-OPERATION.md",
                "proxy-core/src/test/resources/vectors/README.md",
                "deploy/attacks.md",
                "proxy-core/BRIDGE.md")) {
            Path file = CHECKOUT.resolve(document);
            Pattern.compile("\\]\\((?!https?:)([^)#]+)")
                    .matcher(Files.readString(file))
                    .results()
                    .forEach(link ->
                            assertThat(file.resolveSibling(link.group(1))).exists());
        }
    }
}

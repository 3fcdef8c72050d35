package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.base.CharMatcher;
import com.google.common.base.Splitter;
import com.google.common.collect.Iterables;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The attacks that attacks.md and SPEC.md list are those that are tested. */
class AttackTableTest {
    private static final Path CHECKOUT = Program.checkout();
    private static final Pattern TAG = Pattern.compile(
            "^ *@Tag\\(\"attack\"\\)\n(?: *@.*\n(?: {8,}.*\n)*)*.*?\\b(?:void (\\w+)\\(|class (\\w+))",
            Pattern.MULTILINE);
    private static final Pattern TEST = Pattern.compile("`([A-Z]\\w+(?:\\.\\w+)?)` \\|$", Pattern.MULTILINE);

    private static Stream<Path> testSources() throws IOException {
        try (Stream<Path> files = Stream.of("proxy-core", "proxy-chain", "proxy-tests")
                .map(module -> CHECKOUT.resolve(module).resolve("src/test/java"))
                .flatMap(AttackTableTest::walk)) {
            return files.filter(file -> file.toString().endsWith(".java")).toList().stream();
        }
    }

    private static Stream<Path> walk(Path folder) {
        try {
            return Files.walk(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Stream<String> tagged(Path source) {
        String name = com.google.common.io.Files.getNameWithoutExtension(source.toString());
        return TAG.matcher(text(source))
                .results()
                .map(found -> found.group(1) == null ? name : name + "." + found.group(1));
    }

    @Test
    void theTableNamesAllTestsThatAreTaggedAndNoOthers() throws IOException {
        List<String> listed = TEST.matcher(text(CHECKOUT.resolve("deploy/attacks.md")))
                .results()
                .map(MatchResult::group)
                .map(cell -> CharMatcher.anyOf("`| ").removeFrom(cell))
                .toList();

        assertThat(listed)
                .doesNotHaveDuplicates()
                .containsExactlyInAnyOrderElementsOf(
                        testSources().flatMap(AttackTableTest::tagged).toList());
    }

    /** "replay later" is the class ReplayLater or the method replayLater. */
    @Test
    void eachAttackOfTheSpecificationIsATestOfItsName() {
        String section = Iterables.get(
                Splitter.on("### Attacks").split(text(CHECKOUT.resolve("proxy-core/SPEC-OPERATION.md"))), 1);
        List<String> names = Iterables.get(Splitter.on("```\n").split(section), 1)
                .lines()
                .map(line -> line.split(" {2,}", 2)[0])
                .toList();
        String tests = text(CHECKOUT.resolve("proxy-core/src/test/java/dev/throughline/chain/AttackTest.java"))
                + text(CHECKOUT.resolve("proxy-tests/src/test/java/dev/throughline/tests/AttackIT.java"));
        List<String> tested = Pattern.compile("(?:class|void) (\\w+)")
                .matcher(tests)
                .results()
                .map(found -> Objects.requireNonNull(found.group(1)).toLowerCase(Locale.ROOT))
                .toList();

        assertThat(names).hasSizeGreaterThan(30);
        assertThat(names)
                .allSatisfy(name -> assertThat(tested)
                        .contains(CharMatcher.anyOf(" -").removeFrom(name).toLowerCase(Locale.ROOT)));
    }
}

package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.base.Ascii;
import com.google.common.base.CharMatcher;
import com.google.common.base.Splitter;
import com.google.common.collect.Iterables;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Compares the attacks that attacks.md and SPEC.md list with the tests. */
class AttackTableTest {
    private static final Path CHECKOUT = Program.checkout();
    private static final Pattern TAG = Pattern.compile(
            "^ *@Tag\\(\"attack\"\\)\n(?: *@.*\n(?: {8,}.*\n)*)*.*?\\b(?:void (\\w+)\\(|class (\\w+))",
            Pattern.MULTILINE);
    private static final Pattern NESTED = Pattern.compile("@Nested\\s+class (\\w+)");
    private static final Pattern TEST = Pattern.compile("`([A-Z]\\w+(?:\\.\\w+)?)` \\|$", Pattern.MULTILINE);

    private static Stream<Path> testSources() throws IOException {
        List<Path> sources = new ArrayList<>();
        for (String module : List.of("proxy-core", "proxy-chain", "proxy-tests")) {
            try (Stream<Path> files = Files.walk(CHECKOUT.resolve(module).resolve("src/test/java"))) {
                files.filter(file -> file.toString().endsWith(".java")).forEach(sources::add);
            }
        }
        return sources.stream();
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

    /** "replay later" is the class ReplayLater, in a subclass of HeaderAttack or in AttackIT. */
    @Test
    void theSpecificationListsAllAttacksThatAreTestClassesAndNoOthers() throws IOException {
        String section = Iterables.get(
                Splitter.on("### Attacks").split(text(CHECKOUT.resolve("proxy-core/SPEC-OPERATION.md"))), 1);
        List<String> listed = Iterables.get(Splitter.on("```\n").split(section), 1)
                .lines()
                .map(line -> lettersOf(line.split(" {2,}", 2)[0]))
                .toList();
        List<String> tested = testSources()
                .filter(source ->
                        source.endsWith("AttackIT.java") || text(source).contains(" extends HeaderAttack {"))
                .flatMap(source -> NESTED.matcher(text(source)).results())
                .map(found -> lettersOf(found.group(1)))
                .distinct()
                .toList();

        assertThat(listed).hasSizeGreaterThan(30).containsExactlyInAnyOrderElementsOf(tested);
    }

    private static String lettersOf(String name) {
        return CharMatcher.inRange('a', 'z').retainFrom(Ascii.toLowerCase(name));
    }
}

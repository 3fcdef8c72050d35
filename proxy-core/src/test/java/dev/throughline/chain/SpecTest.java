package dev.throughline.chain;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.base.Splitter;
import dev.throughline.header.HeaderLimits;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.ExecutableState;
import dev.throughline.originator.InterceptionMethod;
import dev.throughline.originator.OperatingSystem;
import dev.throughline.originator.Originator;
import dev.throughline.originator.PlainText;
import dev.throughline.originator.ProcessIdentity;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Compares SPEC.md with the code. */
class SpecTest {
    private final String spec = read();

    /** A reference such as "SPEC.md, section 8" must lead to the section. */
    @Test
    void theEntryPageListsEverySection() throws IOException {
        String entry = Files.readString(Path.of("SPEC.md"));
        List<String> headings = Pattern.compile("^## (\\d+)\\. (.+)$", Pattern.MULTILINE)
                .matcher(spec)
                .results()
                .map(heading -> heading.group(1) + " " + heading.group(2))
                .toList();

        assertThat(headings)
                .hasSize(13)
                .doesNotHaveDuplicates()
                .allSatisfy(heading -> assertThat(entry).contains(heading));
    }

    @Test
    void theReasonsAreThoseOfTheVerifierInItsOrder() {
        assertThat(table("## 8. Verification").stream().map(List::getFirst).filter(name -> !name.isEmpty()))
                .containsExactlyElementsOf(Stream.of(RejectReason.values())
                        .map(RejectReason::toString)
                        .toList());
    }

    @Test
    void theCodesAreThoseOfTheTypes() {
        assertThat(codes("### Evidence"))
                .containsExactlyElementsOf(Stream.of(Evidence.values())
                        .map(e -> e.code() + " " + e)
                        .toList());
        assertThat(columns("### Evidence"))
                .extracting(line -> line.get(2))
                .containsExactlyElementsOf(
                        Stream.of(Evidence.values()).map(Evidence::meaning).toList());
        assertThat(codes("### Ways"))
                .containsExactlyElementsOf(Stream.of(InterceptionMethod.values())
                        .map(w -> w.code() + " " + w)
                        .toList());
        assertThat(codes("### Systems"))
                .containsExactlyElementsOf(Stream.of(OperatingSystem.values())
                        .map(s -> s.code() + " " + s)
                        .toList());
        assertThat(codes("### States of a path"))
                .containsExactlyElementsOf(Stream.of(ExecutableState.values())
                        .map(s -> s.code() + " " + s)
                        .toList());
    }

    /** UTF-8 doesn't encode surrogates. */
    @Test
    void theCharactersThatTextMustNotHoldAreThoseThatTheCodeRefuses() {
        int from = spec.indexOf("Text is UTF-8");
        String rule = spec.substring(from, spec.indexOf("MUST leave out", from));
        BitSet refused = new BitSet();
        refused.set(Character.MIN_SURROGATE, Character.MAX_SURROGATE + 1);
        Pattern.compile("U\\+(\\p{XDigit}+)(?:\\s+to\\s+U\\+(\\p{XDigit}+))?")
                .matcher(rule)
                .results()
                .forEach(range -> {
                    int first = Integer.parseInt(range.group(1), 16);
                    refused.set(first, range.group(2) == null ? first + 1 : Integer.parseInt(range.group(2), 16) + 1);
                });
        assertThat(IntStream.rangeClosed(0, Character.MAX_CODE_POINT)
                        .filter(codePoint -> PlainText.mayHold(codePoint) == refused.get(codePoint))
                        .mapToObj(Integer::toHexString))
                .isEmpty();
    }

    /** The other characters are invisible by default (Default_Ignorable_Code_Point), a property that Java doesn't have. */
    @Test
    void controlsFormatsAndSpacesAreRefused() {
        assertThat(IntStream.rangeClosed(0, Character.MAX_CODE_POINT)
                        .filter(codePoint -> codePoint != ' ')
                        .filter(codePoint -> switch (Character.getType(codePoint)) {
                            case Character.CONTROL,
                                    Character.FORMAT,
                                    Character.SURROGATE,
                                    Character.LINE_SEPARATOR,
                                    Character.PARAGRAPH_SEPARATOR,
                                    Character.SPACE_SEPARATOR -> true;
                            default -> false;
                        })
                        .filter(PlainText::mayHold)
                        .mapToObj(Integer::toHexString))
                .isEmpty();
    }

    /** The vector itself is verified by VectorTest. */
    @Test
    void theExampleShowsPartsOfItsVector() throws IOException {
        String bytes = HexFormat.of().formatHex(example().bytes());
        int end = 0;
        for (List<String> line : columns("## 12. Worked example")) {
            int start = bytes.indexOf(line.getFirst().replace(" ", ""), end);
            assertThat(start).as(line.getFirst()).isGreaterThanOrEqualTo(end).isEven();
            end = start + line.getFirst().replace(" ", "").length();
        }
    }

    @Test
    void theValuesBesideTheExampleAreTheOnesInIt() throws IOException {
        Vector example = example();
        Verification.Verified verified =
                VerifierAcceptsTest.verified(example.receiver().receive(example.bytes()));
        Originator originator = verified.originator();
        ProcessIdentity who = originator.identity();
        Link first = verified.links().getFirst();
        assertThat(columns("## 12. Worked example").stream().map(List::getLast))
                .containsSubsequence(
                        originator.tuple().toString(),
                        "core field 5: " + who.evidence() + ", " + originator.wayIn(),
                        "code field 1: " + who.code().executable().orElseThrow(),
                        first.issuedAt() + ", " + first.ttl().toSeconds() + " s");
    }

    @Test
    void theLimitsAreThoseOfTheCode() {
        List<String> limits = table("## 7. Limits").stream()
                .map(row -> row.get(0) + ": " + row.get(1))
                .toList();
        assertThat(limits)
                .contains(
                        "header: " + HeaderLimits.NORMAL.maxBytes() + " bytes",
                        "links: " + Chain.HARD_HOP_LIMIT + ", and " + VerifierSettings.DEFAULT_MAX_HOPS
                                + " unless configured",
                        "ttl: " + VerifierSettings.MAX_TTL.toSeconds() + " s; "
                                + VerifierSettings.DEFAULT_TTL.toSeconds() + " s is usual",
                        "skew of clocks: " + VerifierSettings.DEFAULT_SKEW.toSeconds() + " s",
                        "chains of one flow at one receiver: " + ReplayWindow.FLOW_LIMIT);
    }

    private static Vector example() throws IOException {
        String name = "verified-example.txt";
        return Vector.parse(name, Files.readString(Vector.DIRECTORY.resolve(name)));
    }

    private List<String> codes(String heading) {
        return columns(heading).stream()
                .map(line -> line.get(0) + " " + line.get(1))
                .toList();
    }

    /** Returns the lines of the diagram below a heading, each split at two or more spaces. */
    private List<List<String>> columns(String heading) {
        int start = spec.indexOf("```\n", spec.indexOf("\n" + heading + "\n")) + "```\n".length();
        return Splitter.on('\n')
                .omitEmptyStrings()
                .splitToStream(spec.substring(start, spec.indexOf("```", start)))
                .map(line -> Splitter.onPattern(" {2,}").splitToList(line))
                .toList();
    }

    private List<List<String>> table(String heading) {
        return rows(heading).stream()
                .map(row -> Arrays.stream(row.substring(1, row.length() - 1).split("\\|"))
                        .map(String::strip)
                        .toList())
                .toList();
    }

    /** Returns the rows of the table below a heading, without its header. */
    private List<String> rows(String heading) {
        int start = spec.indexOf("\n" + heading + "\n");
        assertThat(start).as(heading).isNotNegative();
        int end = spec.indexOf("\n#", start + 2);
        return Splitter.on('\n')
                .splitToStream(end < 0 ? spec.substring(start) : spec.substring(start, end))
                .filter(line -> line.startsWith("|"))
                .skip(2)
                .toList();
    }

    private static String read() {
        try {
            StringBuilder all = new StringBuilder();
            for (String part : List.of("SPEC-FORMAT.md", "SPEC-VERIFICATION.md", "SPEC-OPERATION.md")) {
                all.append(Files.readString(Path.of(part)));
            }
            return all.toString();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

package dev.throughline.chain;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.base.Splitter;
import dev.throughline.header.HeaderLimits;
import dev.throughline.header.Tuple;
import dev.throughline.key.PublicKey;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.OperatingSystem;
import dev.throughline.originator.Originator;
import dev.throughline.originator.PlainText;
import dev.throughline.originator.ProcessIdentity;
import dev.throughline.originator.Way;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** SPEC.md and the code say the same. */
class SpecTest {
    private final String spec = read();

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
        assertThat(codes("### Ways"))
                .containsExactlyElementsOf(
                        Stream.of(Way.values()).map(w -> w.code() + " " + w).toList());
        assertThat(codes("### Systems"))
                .containsExactlyElementsOf(Stream.of(OperatingSystem.values())
                        .map(s -> s.code() + " " + s)
                        .toList());
    }

    /** Of all characters; halves of surrogate pairs are none in UTF-8. */
    @Test
    void theCharactersThatTextMustNotHoldAreThoseThatTheCodeRefuses() {
        int from = spec.indexOf("Text is UTF-8");
        String rule = spec.substring(from, spec.indexOf("A sender", from));
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

    @Test
    void theExampleIsVerifiedAsItSays() {
        Vector example = Vector.parse("SPEC.md", example());
        Verification.Verified verified =
                VerifierAcceptsTest.verified(example.receiver().receive(example.bytes()));
        assertThat(Vector.says(verified.originator()))
                .isEqualTo(example.setting("says").orElseThrow());
    }

    @Test
    void theValuesBesideTheExampleAreTheOnesInIt() {
        Vector example = Vector.parse("SPEC.md", example());
        Verification.Verified verified =
                VerifierAcceptsTest.verified(example.receiver().receive(example.bytes()));
        assertThat(String.join("\n", rows("### What it says"))).isEqualTo(String.join("\n", values(verified)));
    }

    @Test
    void theExampleIsTheCataloguesOwn() {
        assertThat(example()).isEqualTo(VectorCatalogue.example());
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

    /** The rows of "What it says", from what was verified. */
    private static List<String> values(Verification.Verified verified) {
        Originator originator = verified.originator();
        ProcessIdentity who = originator.identity();
        List<String> rows = new ArrayList<>();
        rows.add(row("origin host id", originator.host()));
        rows.add(row("flow id", originator.flow()));
        rows.add(row("observed at", originator.observedAt()));
        rows.add(row("original flow", originator.tuple()));
        rows.add(row("evidence, way in", who.evidence() + ", " + originator.wayIn()));
        rows.add(row("operating system", who.system()));
        rows.add(row(
                "pid, start time",
                who.process().orElseThrow().pid() + ", "
                        + who.process().orElseThrow().startTime()));
        rows.add(row(
                "uid, effective uid, gid",
                who.credentials().orElseThrow().unsignedUid() + ", "
                        + who.credentials().orElseThrow().unsignedEffectiveUid() + ", "
                        + who.credentials().orElseThrow().unsignedGid()));
        rows.add(row("executable path", who.code().executable().orElseThrow()));
        rows.add(row("command name", who.code().command().orElseThrow()));
        rows.add(row("placement", who.placement().cgroup().orElse("closed")));
        rows.add(row("user name", who.person().userName().orElseThrow()));
        List<PublicKey> signers = verified.signers();
        for (Link link : verified.links()) {
            String name = "link " + link.index() + ": ";
            rows.add(row(name + "hop", signers.get(link.index()).hopName() + ", " + link.hop()));
            rows.add(row(name + "key", link.key()));
            rows.add(row(name + "audience", link.audience()));
            rows.add(row(
                    name + "issued at, ttl", link.issuedAt() + ", " + link.ttl().toSeconds() + " s"));
            rows.add(row(name + "way in, way out", link.ingress() + ", " + link.egress()));
            rows.add(row(name + "observed peer", Tuple.text(link.observedPeer().orElseThrow())));
            rows.add(row(name + "outgoing", link.outgoing()));
            rows.add(row(name + "had verified", link.previousVerified() ? "yes" : "nothing before it"));
        }
        return rows;
    }

    private static String row(String name, Object value) {
        return "| " + name + " | " + value + " |";
    }

    private String example() {
        int start = spec.indexOf("```vector\n") + "```vector\n".length();
        return spec.substring(start, spec.indexOf("```", start));
    }

    private List<String> codes(String heading) {
        return table(heading).stream().map(row -> row.get(0) + " " + row.get(1)).toList();
    }

    private List<List<String>> table(String heading) {
        return rows(heading).stream()
                .map(row -> Arrays.stream(row.substring(1, row.length() - 1).split("\\|"))
                        .map(String::strip)
                        .toList())
                .toList();
    }

    /** The rows below a heading, without the table's head. */
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
            return Files.readString(Path.of("SPEC.md"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

package dev.throughline.intercept;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.Range;
import com.google.common.io.Resources;
import dev.throughline.originator.InterceptionMethod;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Listings of nft with the rules of these programs. */
class ForeignRulesTest {
    private static RulePlan plan(int mark) {
        CaptureRule.Apps match = new CaptureRule.Apps(
                ImmutableList.of(Range.closed(80, 80)),
                ImmutableList.of(),
                ImmutableList.of(),
                RuleTextTest.NO_EXCEPTIONS,
                false);
        return new RulePlan(
                "hop-a",
                mark,
                ImmutableList.of(),
                ImmutableList.of(
                        new CaptureRule("web", InterceptionMethod.TPROXY, 15001, match),
                        new CaptureRule("more", InterceptionMethod.REDIRECT, 15002, match)),
                false,
                false,
                ImmutableList.of());
    }

    private static List<String> found(String listing, int mark) throws IOException {
        return ForeignRules.of(read(listing + ".json"), read(listing + ".txt"), plan(mark)).stream()
                .map(ForeignRule::toString)
                .toList();
    }

    private static String read(String name) throws IOException {
        return Resources.toString(Resources.getResource(ForeignRulesTest.class, "foreign/" + name), UTF_8);
    }

    private static final String ALL =
            "the hop's own connections, connections that listener web captures, replies of listener web, replies of listener more";

    @ParameterizedTest
    @CsvSource({
        "kube-proxy-iptables, 'ip nat, chain KUBE-POSTROUTING'",
        "kube-proxy-nftables, 'ip kube-proxy, chain masquerading'"
    })
    void findsThatKubeProxyMasqueradesAMarkWithItsBit(String listing, String chain) throws IOException {
        assertThat(found(listing, 0x7101))
                .anySatisfy(rule -> assertThat(rule)
                        .startsWith("table " + chain)
                        .endsWith("\"masquerade fully-random\" changes the source address of " + ALL
                                + ", so that a next hop on this host can refuse them"))
                .anySatisfy(rule -> assertThat(rule)
                        .startsWith("table " + chain)
                        .contains(" changes bits 0x4000 of the mark of " + ALL));
    }

    @ParameterizedTest
    @ValueSource(strings = {"kube-proxy-iptables", "kube-proxy-nftables"})
    void findsOnlyTheMarkingOfServicesWhereTheMarkHasNoBitOfKubeProxy(String listing) throws IOException {
        assertThat(found(listing, 0x1071))
                .singleElement()
                .asString()
                .contains("4000\" can change bits 0x4000 of the mark of the hop's own connections");
    }

    @Test
    void findsThatKubeletDropsAMarkWithItsBit() throws IOException {
        assertThat(found("kube-proxy-iptables", 0x8001))
                .contains("table ip filter, chain KUBE-FIREWALL, handle 4:"
                        + " \"meta mark & 0x00008000 == 0x00008000 drop\" drops the hop's own connections,"
                        + " connections that listener web captures, replies of listener web, replies of listener more");
    }

    @Test
    void findsWhatUsesTheBitsAboveTheMark() throws IOException {
        assertThat(found("calico-tailscale", 0x1071))
                .containsExactly(
                        "table ip mangle, chain cali-OUTPUT, handle 4: \"meta mark & 0x00010000 == 0x00010000 accept\""
                                + " lets connections that listener web captures, replies of listener web, replies of listener more"
                                + " pass before the other rules of that table",
                        "table ip mangle, chain OUTPUT, handle 8: \"meta mark & 0x00ff0000 != 0x00000000 ct state new"
                                + " ct mark set mark and 0xff0000\""
                                + " can change bits 0x20000 of the connection mark of replies of listener web",
                        "table ip mangle, chain PREROUTING, handle 7:"
                                + " \"ct state related,established meta mark set ct mark and 0xff0000\""
                                + " can change bits 0x20000 of the mark of replies of listener web;"
                                + " can change bits 0x70000 of the mark of connections that listener more captures");
    }

    @Test
    void findsNothingInRulesThatAreAboutUdp() throws IOException {
        assertThat(found("wg-quick", 0xca6c)).isEmpty();
    }

    /** Sets, ranges, verdict maps, and statements that the JSON listing doesn't show; not the rules of another hop. */
    @Test
    void findsRulesOfAnyForm() throws IOException {
        assertThat(found("own-rules", 0x1071))
                .allMatch(rule -> rule.startsWith("table inet others, chain out, "))
                .extracting(rule -> rule.substring(rule.indexOf('"')))
                .anyMatch(
                        rule -> rule.startsWith(
                                "\"ct mark set meta mark\" changes bits 0x1071 of the connection mark of the hop's own connections;"))
                .anyMatch(rule -> rule.startsWith(
                        "\"meta mark set ct mark\" changes bits 0x1071 of the mark of the hop's own connections;"))
                .contains("\"meta mark { 0x00001071, 0x00001072 } accept\""
                        + " lets the hop's own connections pass before the other rules of that table")
                .anyMatch(rule -> rule.startsWith("\"tcp dport 80 meta mark set 0x00000005\""
                        + " can change bits 0x11074 of the mark of connections that listener web captures;"))
                .anyMatch(rule -> rule.startsWith("\"ct mark set meta mark map { 0x00000001 : 0x00000002 }\""
                        + " changes the connection mark of connections that listener web captures"))
                .contains(
                        "\"meta mark > 0x00000005 log prefix \"x\" drop\" drops connections that listener web captures,"
                                + " replies of listener web, replies of listener more");
        assertThat(found("own-rules", 0x1500)).anyMatch(rule -> rule.endsWith("refuses the hop's own connections"));
    }

    @Test
    void refusesAListingThatIsNotJson() {
        assertThatThrownBy(() -> ForeignRules.of("table ip x {", "", plan(1)))
                .isInstanceOf(IllegalArgumentException.class);
    }
}

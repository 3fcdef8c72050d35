package dev.throughline.intercept;

import static dev.throughline.intercept.RuleTextTest.FIRST_HOP;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The hop has mark 0x21. */
class ForeignPolicyRulesTest {
    private static final List<String> PLAIN =
            List.of("0:\tfrom all lookup 255", "32766:\tfrom all lookup 254", "32767:\tfrom all lookup 253");

    private static final String OURS = "100:\tfrom all fwmark 0x10021/0x3ffff lookup 65569";

    private static List<String> found(String... more) {
        List<String> lines = Stream.concat(PLAIN.stream(), Stream.of(more))
                .sorted(java.util.Comparator.comparing(line -> Integer.valueOf(line.substring(0, line.indexOf(':')))))
                .toList();
        return ForeignPolicyRules.of("-4", lines, FIRST_HOP).stream()
                .map(ForeignRule::toString)
                .toList();
    }

    @Test
    void findsNothingOnAHostWithTheHopsRuleAlone() {
        assertThat(found(OURS)).isEmpty();
    }

    @Test
    void findsRulesOfAVpnThatComeFirst() {
        String captured = " comes before the hop's rule and takes captured connections, which are lost";

        assertThat(found(
                        OURS,
                        "98:\tfrom all lookup 254 suppress_prefixlength 0",
                        "99:\tnot from all fwmark 0xca6c lookup 51820"))
                .containsExactly(
                        "ip -4 rule, priority 98: \"98:\tfrom all lookup 254 suppress_prefixlength 0\"" + captured,
                        "ip -4 rule, priority 99: \"99:\tnot from all fwmark 0xca6c lookup 51820\"" + captured);
    }

    @Test
    void findsRulesThatGotPriority0BecauseTheHopsRuleHasIt() {
        assertThat(found(
                        "0:\tfrom all fwmark 0x10021/0x3ffff lookup 65569",
                        "0:\tfrom all fwmark 0x10022/0x3ffff lookup 65570",
                        "0:\tnot from all fwmark 0xca6c lookup 51820"))
                .containsExactly(
                        "ip -4 rule, priority 0: \"0:\tnot from all fwmark 0xca6c lookup 51820\""
                                + " was added without a priority, and has 0 because the hop's rule has:"
                                + " the kernel evaluates such rules in the order in which they were added, not the last one first");
    }

    @Test
    void findsNothingInRulesOfAVpnThatComeLater() {
        assertThat(found(
                        OURS,
                        "5210:\tfrom all fwmark 0x80000/0xff0000 lookup 254",
                        "32764:\tfrom all lookup 254 suppress_prefixlength 0",
                        "32765:\tnot from all fwmark 0xca6c lookup 51820"))
                .isEmpty();
    }

    @Test
    void findsRulesThatChooseByTheHopsOwnMark() {
        assertThat(found(OURS, "1000:\tfrom all fwmark 0x20/0x20 lookup 7"))
                .containsExactly("ip -4 rule, priority 1000: \"1000:\tfrom all fwmark 0x20/0x20 lookup 7\""
                        + " matches the mark of the hop's own connections and decides their route");
    }

    @Test
    void passesOverRulesThatNoTcpPacketOfThisHostMeets() {
        assertThat(found(
                        OURS,
                        "10:\tfrom all iif eth0 lookup 7",
                        "11:\tfrom all ipproto udp lookup 7",
                        "12:\tfrom all fwmark 0x1/0x2 lookup 7"))
                .isEmpty();
    }
}

package dev.throughline.intercept;

import static dev.throughline.intercept.RuleTextTest.FIRST_HOP;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MarkUsersTest {
    private static ImmutableList<String> warnings(int mark, Integer... laterMarks) {
        return MarkUsers.warnings(new RulePlan(
                "hop-a",
                mark,
                ImmutableList.copyOf(laterMarks),
                ImmutableList.of(new CaptureRule(
                        "chain",
                        FIRST_HOP.captures().getFirst().method(),
                        15001,
                        new CaptureRule.PreviousHop(OptionalInt.of(0x1073), OptionalInt.empty()))),
                false,
                false,
                ImmutableList.of()));
    }

    @Test
    void doesNotWarnOfUnusedMarks() {
        assertThat(warnings(0x1071, 0x1072)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "0x4001, kube-proxy (0x4000",
        "0x8001, kubelet",
        "0x2001, CNI portmap and Podman (netavark) (0x2000",
        "0x0401, Cilium (0x400",
        "0x0081, AWS VPC CNI (0x80",
        "0x1539, Istio (0x539",
        "0x0111, Istio (0x111",
        "0xca6c, wg-quick (0xca6c",
        "0x0100, Docker Swarm (0x100",
    })
    void namesWhoUsesBitsOfAMark(String mark, String user) {
        assertThat(warnings(Integer.decode(mark)))
                .singleElement()
                .asString()
                .startsWith("mark 0x" + Integer.toHexString(Integer.decode(mark)) + " has bits")
                .contains(user)
                .endsWith("choose a mark such as 0x1071");
    }

    @Test
    void looksAtLaterMarksToo() {
        assertThat(warnings(0x1071, 0x7102))
                .singleElement()
                .asString()
                .startsWith("later mark 0x7102 has bits that well-known programs use: kube-proxy (0x4000");
    }

    @Test
    void hasASourceForEachProgram() {
        assertThat(MarkUsers.KNOWN).allSatisfy(user -> {
            assertThat(user.source()).contains(":");
            assertThat(user.values()).allMatch(value -> (value & ~user.bits()) == 0);
        });
    }
}

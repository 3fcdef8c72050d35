package dev.throughline.intercept;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RoutingPolicyRuleTest {
    private static final int DIVERTED = 0x17101;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "99:\tnot from all fwmark 0xca6c lookup 51820",
                "98:\tfrom all lookup 254 suppress_prefixlength 0",
                "50:\tfrom all fwmark 0x1/0xff lookup 7",
                "5:\tfrom 10.0.0.0/8 lookup 7",
                "5:\tfrom all iif lo lookup 7",
                "5:\tfrom all prohibit"
            })
    void takesADivertedPacket(String line) {
        assertThat(RoutingPolicyRule.parse(line).canTake(DIVERTED)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0:\tfrom all lookup 255",
                "50:\tfrom all fwmark 0x17102/0x3ffff lookup 94466",
                "50:\tnot from all fwmark 0x17101/0x3ffff lookup 7",
                "50:\tfrom all fwmark 0x8000/0x8000 lookup 7",
                "5:\tfrom all iif eth0 lookup 7"
            })
    void leavesADivertedPacketAlone(String line) {
        assertThat(RoutingPolicyRule.parse(line).canTake(DIVERTED)).isFalse();
    }

    @Test
    void aSuppressedDefaultRouteIsNotUsed() {
        RoutingPolicyRule rule = RoutingPolicyRule.parse("98:\tfrom all lookup 254 suppress_prefixlength 0");
        assertThat(rule.table()).contains("254");
        assertThat(rule.uses("default via 10.0.0.1 dev eth0 proto 3")).isFalse();
        assertThat(rule.uses("10.0.0.0/24 dev eth0 proto 2")).isTrue();
    }
}

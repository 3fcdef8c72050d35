package dev.throughline.intercept;

import static dev.throughline.intercept.OpenConnections.passing;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.Range;
import dev.throughline.header.Cidr;
import dev.throughline.header.Tuple;
import dev.throughline.intercept.CaptureRule.Apps;
import dev.throughline.originator.InterceptionMethod;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Lines are of a little-endian machine, as proc(5) shows them. */
class OpenConnectionsTest {
    private static final String HEAD =
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid";
    private static final String REST =
            " 00000000:00000000 02:00000000 00000000  1000        0 12345 2 0000000000000000";
    private static final String TO_WEB = "   1: 01014D0A:D431 02014D0A:1F90 01" + REST;
    private static final Tuple WEB = Tuple.tcp(Tuple.endpoint("10.77.1.1:54321"), Tuple.endpoint("10.77.1.2:8080"));

    @Test
    void findsEstablishedConnectionsThatWouldBeCaptured() {
        assertThat(passing(plan(InterceptionMethod.TPROXY), List.of(HEAD, TO_WEB)))
                .containsExactly(WEB);
    }

    @Test
    void readsIpv6AndDualStackSockets() {
        String ipv6 = "   0: 000077FD000000000000000001000000:C000 000077FD000000000000000002000000:1F90 01" + REST;
        String mapped = "   1: 0000000000000000FFFF000001014D0A:D431 0000000000000000FFFF000002014D0A:1F90 01" + REST;
        assertThat(passing(plan(InterceptionMethod.TPROXY), List.of(mapped))).containsExactly(WEB);
        assertThat(passing(plan(InterceptionMethod.TPROXY), List.of(ipv6))).hasSize(1);
    }

    @Test
    void leavesOutOtherPortsAndDestinations() {
        assertThat(passing(plan(InterceptionMethod.TPROXY), List.of("   1: 01014D0A:D431 02014D0A:1F91 01" + REST)))
                .isEmpty();
        assertThat(passing(plan(InterceptionMethod.TPROXY), List.of("   1: 01014D0A:D431 0202000A:1F90 01" + REST)))
                .isEmpty();
    }

    /** In CLOSE_WAIT the other end is gone, as in a captured connection whose hop was killed. */
    @Test
    void leavesOutWhatIsHalfClosed() {
        assertThat(passing(plan(InterceptionMethod.TPROXY), List.of(TO_WEB.replace(" 01 ", " 08 "))))
                .isEmpty();
    }

    @Test
    void leavesOutWhatTproxyCaptured() {
        String accepted = "   2: 02014D0A:1F90 01014D0A:D431 05" + REST;
        assertThat(passing(plan(InterceptionMethod.TPROXY), List.of(TO_WEB, accepted)))
                .isEmpty();
    }

    @Test
    void leavesOutWhatWasRedirected() {
        String accepted = "   2: 0100007F:3A99 01014D0A:D431 01" + REST;
        assertThat(passing(plan(InterceptionMethod.REDIRECT), List.of(TO_WEB, accepted)))
                .isEmpty();
        assertThat(passing(plan(InterceptionMethod.TPROXY), List.of(TO_WEB, accepted)))
                .containsExactly(WEB);
    }

    @Test
    void readsTheElementsOfASet() {
        assertThat(OpenConnections.elements("""
                        table inet throughline-A {
                        \tset passing4 {
                        \t\ttype ipv4_addr . inet_service . ipv4_addr . inet_service
                        \t\telements = { 10.77.1.1 . 54321 . 10.77.1.2 . 8080 expires 4d23h,
                        \t\t\t     fd77::1 . 1 . fd77::2 . 2 }
                        """)).hasSize(2).contains(WEB);
    }

    private static RulePlan plan(InterceptionMethod way) {
        Apps web = new Apps(
                ImmutableList.of(Range.closed(8080, 8080)),
                ImmutableList.of(Cidr.parse("10.77.0.0/16"), Cidr.parse("fd77::/16")),
                ImmutableList.of(),
                RuleTextTest.NO_EXCEPTIONS,
                false);
        return new RulePlan(
                "A",
                0x21,
                ImmutableList.of(),
                ImmutableList.of(new CaptureRule("web", way, 15001, web)),
                false,
                false,
                ImmutableList.of());
    }
}

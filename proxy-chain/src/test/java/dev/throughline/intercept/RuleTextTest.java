package dev.throughline.intercept;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.Range;
import com.google.common.io.Resources;
import dev.throughline.header.Cidr;
import dev.throughline.intercept.CaptureRule.Apps;
import dev.throughline.intercept.CaptureRule.Exceptions;
import dev.throughline.intercept.CaptureRule.MarkMatch;
import dev.throughline.intercept.CaptureRule.PreviousHop;
import dev.throughline.intercept.DivertRoutes.Device;
import dev.throughline.originator.InterceptionMethod;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class RuleTextTest {
    static final Exceptions NO_EXCEPTIONS = new Exceptions(
            ImmutableList.of(), ImmutableList.of(), ImmutableList.of(), ImmutableList.of(), ImmutableList.of());

    private static final Apps EVERYTHING =
            new Apps(ImmutableList.of(), ImmutableList.of(), ImmutableList.of(), NO_EXCEPTIONS, false);

    static final RulePlan FIRST_HOP = new RulePlan(
            "A",
            0x21,
            ImmutableList.of(0x22, 0x23),
            ImmutableList.of(new CaptureRule("web", InterceptionMethod.TPROXY, 15001, EVERYTHING)),
            true,
            false,
            ImmutableList.of());

    static final RulePlan MIDDLE_HOP = new RulePlan(
            "rack-7.b_2",
            0x22,
            ImmutableList.of(0x23),
            ImmutableList.of(new CaptureRule("chain", InterceptionMethod.REDIRECT, 15002, previous(0x21))),
            true,
            false,
            ImmutableList.of());

    static final RulePlan BOTH = new RulePlan(
            "edge",
            0x23,
            ImmutableList.of(),
            ImmutableList.of(
                    new CaptureRule(
                            "web",
                            InterceptionMethod.TPROXY,
                            15003,
                            new Apps(
                                    ImmutableList.of(
                                            Range.closed(443, 443), Range.closed(8000, 8009), Range.closed(8005, 8100)),
                                    networks("10.0.0.0/8", "10.1.0.0/16", "2001:db8::/32"),
                                    ImmutableList.of(1000, 1001),
                                    new Exceptions(
                                            networks("10.9.0.0/16"),
                                            ImmutableList.of(2003),
                                            ImmutableList.of(),
                                            ImmutableList.of(),
                                            ImmutableList.of(new MarkMatch(0x40000, 0xff0000))),
                                    true)),
                    new CaptureRule("chain", InterceptionMethod.REDIRECT, 15004, previous(0x22)),
                    new CaptureRule(
                            "chain",
                            InterceptionMethod.REDIRECT,
                            15004,
                            new PreviousHop(OptionalInt.of(0x20), OptionalInt.of(7)))),
            false,
            true,
            ImmutableList.of());

    static Stream<RulePlan> plans() {
        return Stream.of(FIRST_HOP, MIDDLE_HOP, BOTH);
    }

    @ParameterizedTest
    @MethodSource("plans")
    void aPlanReadsAs(RulePlan plan) throws IOException {
        assertThat(RuleText.of(plan)).isEqualTo(golden(plan.hop() + ".nft"));
    }

    @ParameterizedTest
    @MethodSource("plans")
    void nftAcceptsTheScript(RulePlan plan) throws IOException {
        CommandRunner programs = new CommandRunner(Duration.ofSeconds(10), ImmutableList.of());
        assumeTrue(
                Stream.of("/usr/sbin/nft", "/sbin/nft", "/usr/bin/nft")
                        .anyMatch(path -> new java.io.File(path).canExecute()),
                "skipped: nft is not installed");
        CommandRunner.Result root =
                programs.attempt(List.of("unshare", "-n", "nft", "-c", "-f", "-"), RuleText.of(plan));
        CommandRunner.Result result = root.code() == 0
                ? root
                : programs.attempt(List.of("unshare", "-rn", "nft", "-c", "-f", "-"), RuleText.of(plan));
        assumeTrue(!result.error().startsWith("unshare: "), () -> "skipped: " + result.error());
        assertThat(result.error()).isEmpty();
        assertThat(result.code()).isZero();
    }

    @Test
    void exceptionsReadAs() {
        Exceptions except = new Exceptions(
                ImmutableList.of(),
                ImmutableList.of(),
                ImmutableList.of("system.slice/vpn.slice"),
                ImmutableList.of("wg0", "tun1"),
                ImmutableList.of(new MarkMatch(0x40000, 0xff0000)));
        Apps apps = new Apps(ImmutableList.of(), ImmutableList.of(), ImmutableList.of(), except, false);
        RulePlan plan = new RulePlan(
                "A",
                0x21,
                ImmutableList.of(),
                ImmutableList.of(new CaptureRule("web", InterceptionMethod.TPROXY, 15001, apps)),
                false,
                false,
                ImmutableList.of());
        assertThat(RuleText.of(plan))
                .contains(
                        "socket cgroupv2 level 2 \"system.slice/vpn.slice\" return",
                        "oifname { \"wg0\", \"tun1\" } return",
                        "meta mark & 0x00ff0000 == 0x00040000 return");
        // It can't be determined whether such an exception matches the hop's own connection.
        assertThat(CanaryPlan.of(plan, 0, true)).isEmpty();
    }

    @Test
    void removalSucceedsOnAnAbsentTable() {
        assertThat(RuleText.removal(FIRST_HOP)).isEqualTo("""
                        table inet throughline-A {}
                        delete table inet throughline-A
                        """);
    }

    @Test
    void routesFollowFromTheMark() {
        assertThat(new DivertRoutes(0x21).commands().stream().map(command -> String.join(" ", command)))
                .containsExactly(
                        "ip -4 route replace local default dev lo proto kernel table 65569",
                        "ip -4 rule add fwmark 0x10021/0x3ffff lookup 65569 priority 100 protocol kernel",
                        "ip -6 route replace local default dev lo proto kernel table 65569",
                        "ip -6 rule add fwmark 0x10021/0x3ffff lookup 65569 priority 100 protocol kernel");
    }

    @Test
    void aListingIsReadBack() {
        DivertRoutes routes = new DivertRoutes(0x21);
        assertThat(routes.isRule("0:\tfrom all fwmark 0x10021/0x3ffff lookup 65569 "))
                .isTrue();
        assertThat(routes.isRule("0:\tfrom all fwmark 0x10021/0x3ffff lookup 65570"))
                .isFalse();
        assertThat(routes.refersToTable("9:\tfrom all fwmark 0x21 lookup 65569"))
                .isTrue();
        assertThat(DivertRoutes.device("2 default dev lo scope 254 ")).contains(Device.LO);
        assertThat(DivertRoutes.device("local default dev lo metric 1024 pref medium"))
                .contains(Device.LO);
        assertThat(DivertRoutes.device("local default dev eth0 proto kernel metric 2007 pref medium"))
                .contains(new Device("eth0", 7));
        assertThat(DivertRoutes.device("default via 192.0.2.1 dev eth0")).isEmpty();
    }

    @Test
    void aDeviceIsReadFromItsLine() {
        assertThat(Device.parse(
                        "7: eth0@if6: <BROADCAST,UP> mtu 1500 qdisc noqueue state UP mode DEFAULT group default"))
                .contains(new Device("eth0", 7));
        assertThat(Device.parse("8: veth1@if2: <BROADCAST,UP> mtu 1500 qdisc noqueue master docker0 state UP"))
                .isEmpty();
    }

    @Test
    void aPlanWithProblemsHasNoScript() {
        RulePlan plan = new RulePlan(
                "x; flush ruleset", 1, ImmutableList.of(), ImmutableList.of(), false, false, ImmutableList.of());
        assertThatThrownBy(() -> RuleText.of(plan))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("not a name");
    }

    static PreviousHop previous(int mark) {
        return new PreviousHop(OptionalInt.of(mark), OptionalInt.empty());
    }

    private static ImmutableList<Cidr> networks(String... networks) {
        return Stream.of(networks).map(Cidr::parse).collect(ImmutableList.toImmutableList());
    }

    private static String golden(String name) throws IOException {
        return Resources.toString(Resources.getResource(RuleTextTest.class, name), StandardCharsets.UTF_8);
    }
}

package dev.throughline.intercept;

import static dev.throughline.intercept.RuleTextTest.BOTH;
import static dev.throughline.intercept.RuleTextTest.FIRST_HOP;
import static dev.throughline.intercept.RuleTextTest.MIDDLE_HOP;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.common.collect.ImmutableList;
import dev.throughline.demo.Namespace;
import dev.throughline.intercept.RuleDifference.Differs;
import dev.throughline.intercept.RuleDifference.None;
import dev.throughline.intercept.RuleDifference.NotInstalled;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class RuleTablesTest {
    private Namespace host;
    private RuleTables tables;

    @BeforeAll
    static void namespacesCanBeHad() {
        Optional<String> reason = Namespace.unavailable();
        assumeTrue(reason.isEmpty(), () -> "skipped: " + reason.orElseThrow());
    }

    @BeforeEach
    void open() throws IOException {
        host = Namespace.host("host");
        tables = new RuleTables(
                new CommandRunner(
                        Duration.ofSeconds(10),
                        ImmutableList.copyOf(host.command().command())),
                Optional.empty(),
                false);
    }

    @AfterEach
    void close() throws IOException {
        host.close();
    }

    @Test
    void applyingTwiceIsApplyingOnce() throws IOException {
        tables.apply(FIRST_HOP);
        String once = state();
        tables.apply(FIRST_HOP);
        assertThat(state()).isEqualTo(once);
        assertThat(tables.compare(FIRST_HOP)).isEqualTo(new None());
    }

    @Test
    void removingLeavesNothingAndMayBeRepeated() throws IOException {
        String before = state();
        tables.remove(FIRST_HOP);
        tables.apply(FIRST_HOP);
        tables.remove(FIRST_HOP);
        tables.remove(FIRST_HOP);
        assertThat(state()).isEqualTo(before);
        assertThat(tables.compare(FIRST_HOP)).isEqualTo(new NotInstalled());
    }

    @Test
    void hopsTouchTheirOwnRulesOnly() throws IOException {
        host.run("nft", "add table inet somebody");
        host.run("ip", "rule", "add", "fwmark", "0x21", "lookup", "main");
        tables.apply(MIDDLE_HOP);
        String others = state();
        tables.apply(FIRST_HOP);
        assertThat(tables.compare(MIDDLE_HOP)).isEqualTo(new None());
        tables.remove(FIRST_HOP);
        assertThat(state()).isEqualTo(others);
    }

    @Test
    void rulesThatACrashLeftIncompleteAreDetectedAndRepaired() throws IOException {
        tables.apply(FIRST_HOP);
        host.run("nft", "delete chain inet throughline-A last");
        host.run("ip", "-6", "rule", "del", "fwmark", "0x10021/0x3ffff", "lookup", "65569");
        host.run("ip", "route", "flush", "table", "65569");
        assertThat(tables.compare(FIRST_HOP))
                .asInstanceOf(type(Differs.class))
                .extracting(Differs::lines)
                .asInstanceOf(org.assertj.core.api.InstanceOfAssertFactories.list(String.class))
                .contains(
                        "- chain last {",
                        "- ip -6 rule add fwmark 0x10021/0x3ffff lookup 65569 priority 100 protocol kernel",
                        "- ip -4 route replace local default dev lo proto kernel table 65569");
        tables.apply(FIRST_HOP);
        assertThat(tables.compare(FIRST_HOP)).isEqualTo(new None());
    }

    @Test
    void aForeignRuleIsDetected() throws IOException {
        tables.apply(MIDDLE_HOP);
        host.run("nft", "insert rule inet throughline-rack-7.b_2 capture meta skuid 5 accept");
        assertThat(tables.compare(MIDDLE_HOP)).isEqualTo(new Differs(ImmutableList.of("+ meta skuid 5 accept")));
    }

    @Test
    void rulesThatFailOpenAreHeldAndVanishWithTheirHolder() throws IOException {
        String before = state();
        assertThatThrownBy(() -> tables.apply(BOTH)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> tables.hold(FIRST_HOP)).isInstanceOf(IllegalArgumentException.class);
        try (TableLease held = tables.hold(BOTH)) {
            assertThat(held.isAlive()).isTrue();
            assertThat(tables.compare(BOTH)).isEqualTo(new None());
            assertThatThrownBy(() -> tables.remove(BOTH)).hasMessageContaining("Operation not permitted");
        }
        assertThat(state()).isEqualTo(before);
    }

    @Test
    void routesThatAKilledHolderLeftAreNoRules() throws IOException {
        host.run("ip", "route", "add", "local", "default", "dev", "lo", "table", "65571");
        assertThat(tables.compare(BOTH)).isEqualTo(new NotInstalled());
        tables.hold(BOTH).close();
        assertThat(host.run("ip", "route", "show", "table", "all")).doesNotContain("65571");
    }

    private static RulePlan renamed(RulePlan plan, String hop) {
        return new RulePlan(
                hop,
                plan.mark(),
                plan.laterMarks(),
                plan.captures(),
                plan.guardNextHop(),
                plan.failOpen(),
                ImmutableList.of());
    }

    @Test
    void refusesASecondHopWithTheSameMarkAndNamesTheFirst() throws IOException {
        tables.apply(FIRST_HOP);
        String before = state();

        assertThatThrownBy(() -> tables.apply(renamed(FIRST_HOP, "second")))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith("mark 0x21 belongs to hop A, whose table inet throughline-A is installed:"
                        + " give hop second another mark");
        assertThat(state()).isEqualTo(before);
        assertThat(tables.otherHopWithMark(renamed(FIRST_HOP, "second"))).contains("A");
        assertThat(tables.otherHopWithMark(FIRST_HOP)).isEmpty();
        tables.remove(renamed(FIRST_HOP, "second"));
        assertThat(state()).isEqualTo(before);
    }

    @Test
    void refusesToHoldRulesWithTheMarkOfAnotherHop() throws IOException {
        try (TableLease held = tables.hold(BOTH)) {
            String before = state();

            assertThatThrownBy(() -> tables.hold(renamed(BOTH, "second")))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("belongs to hop edge");
            assertThat(state()).isEqualTo(before);
            assertThat(held.isAlive()).isTrue();
        }
    }

    @Test
    void aMissingProgramIsNamedWithItsPackage() {
        CommandRunner programs = new CommandRunner(Duration.ofSeconds(1), ImmutableList.of());
        assertThatThrownBy(() -> programs.run(List.of("no-such-program"), ""))
                .isInstanceOf(IOException.class)
                .hasMessage("no-such-program is not installed (apt-get install no-such-program)");
    }

    @Test
    void aProgramThatDoesNotEndIsEnded() {
        CommandRunner programs = new CommandRunner(Duration.ofMillis(100), ImmutableList.of());
        assertThatThrownBy(() -> programs.run(List.of("sleep", "1000"), ""))
                .isInstanceOf(IOException.class)
                .hasMessage("sleep 1000: killed, as it was still running after 0 s");
    }

    private String state() throws IOException {
        return host.run("nft", "-s", "list", "ruleset")
                + host.run("ip", "rule")
                + host.run("ip", "-6", "rule")
                + host.run("ip", "route", "show", "table", "all")
                + host.run("ip", "-6", "route", "show", "table", "all");
    }
}

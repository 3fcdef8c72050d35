package dev.throughline.intercept;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.Range;
import dev.throughline.intercept.CaptureRule.Apps;
import dev.throughline.intercept.CaptureRule.Match;
import dev.throughline.intercept.CaptureRule.PreviousHop;
import dev.throughline.originator.InterceptionMethod;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RulePlanTest {
    private static final Match APPS = apps(Range.closed(80, 80));

    @Test
    void aPlanThatNamesEachThingOnceHasNoProblems() {
        assertThat(plan(
                                capture("web", InterceptionMethod.TPROXY, 1, APPS),
                                capture("chain", InterceptionMethod.REDIRECT, 2, RuleTextTest.previous(0x20)),
                                capture("chain", InterceptionMethod.REDIRECT, 2, RuleTextTest.previous(0x1F)))
                        .problems())
                .isEmpty();
    }

    @Test
    void allProblemsAreReportedAtOnce() {
        RulePlan plan = new RulePlan(
                "",
                0,
                ImmutableList.of(0x10000),
                ImmutableList.of(capture("a b", InterceptionMethod.PF, 0, APPS)),
                false,
                false,
                ImmutableList.of());
        assertThat(plan.problems())
                .containsExactly(
                        "hop \"\": not a name",
                        "the hop's mark is 0x0: a mark is 0x1 to 0xffff",
                        "a later hop's mark is 0x10000: a mark is 0x1 to 0xffff",
                        "listener \"a b\": not a name",
                        "listener \"a b\": connections are captured by tproxy or redirect, not by pf",
                        "listener \"a b\": port 0 is not 1 to 65535");
    }

    @Test
    void aMarkIsEitherLeftAloneOrAPreviousHops() {
        assertThat(new RulePlan("A", 0x21, ImmutableList.of(0x21), ImmutableList.of(), false, false, ImmutableList.of())
                        .problems())
                .containsExactly("mark 0x21 is this hop's and a later hop's");
        assertThat(plan(capture("chain", InterceptionMethod.TPROXY, 1, RuleTextTest.previous(0x21)))
                        .problems())
                .containsExactly("listener \"chain\": mark 0x21 belongs to this hop or a later hop, so it"
                        + " can't be a previous hop's");
    }

    @Test
    void aPreviousHopNeedsAMarkOrAUserAndHasOneListener() {
        assertThat(plan(capture(
                                "chain",
                                InterceptionMethod.TPROXY,
                                1,
                                new PreviousHop(OptionalInt.empty(), OptionalInt.empty())))
                        .problems())
                .containsExactly("listener \"chain\": the previous hop needs a mark, a user, or both");
        assertThat(plan(
                                capture("one", InterceptionMethod.TPROXY, 1, RuleTextTest.previous(0x20)),
                                capture("two", InterceptionMethod.TPROXY, 2, RuleTextTest.previous(0x20)))
                        .problems())
                .containsExactly("listener \"two\": another capture already takes this previous hop's connections");
    }

    @Test
    void aListenerHasOnePortAndOneWayAndAPortOneListener() {
        assertThat(plan(
                                capture("one", InterceptionMethod.TPROXY, 1, APPS),
                                capture("one", InterceptionMethod.TPROXY, 2, APPS))
                        .problems())
                .containsExactly("listener \"one\": its captures differ in method or port");
        assertThat(plan(
                                capture("one", InterceptionMethod.TPROXY, 1, APPS),
                                capture("two", InterceptionMethod.REDIRECT, 1, APPS))
                        .problems())
                .containsExactly("listeners \"one\" and \"two\" share port 1");
    }

    @Test
    void aRangeOfPortsNamesItsEnds() {
        assertThat(plan(capture("one", InterceptionMethod.TPROXY, 1, apps(Range.atLeast(80))))
                        .problems())
                .containsExactly("listener \"one\": a range of ports must have both ends");
        assertThat(plan(capture("one", InterceptionMethod.TPROXY, 1, apps(Range.closed(0, 65536))))
                        .problems())
                .containsExactly(
                        "listener \"one\": port 0 is not 1 to 65535", "listener \"one\": port 65536 is not 1 to 65535");
    }

    @Test
    void aMarkCanNumber64Listeners() {
        CaptureRule[] captures = IntStream.rangeClosed(1, 65)
                .mapToObj(i -> capture("l" + i, InterceptionMethod.TPROXY, i, APPS))
                .toArray(CaptureRule[]::new);
        assertThat(plan(captures).problems()).containsExactly("65 intercepting listeners: the maximum is 64");
    }

    private static RulePlan plan(CaptureRule... captures) {
        return new RulePlan(
                "A", 0x21, ImmutableList.of(0x22), ImmutableList.copyOf(captures), false, false, ImmutableList.of());
    }

    private static CaptureRule capture(String listener, InterceptionMethod way, int port, Match match) {
        return new CaptureRule(listener, way, port, match);
    }

    private static Apps apps(Range<Integer> ports) {
        return new Apps(
                ImmutableList.of(ports), ImmutableList.of(), ImmutableList.of(), RuleTextTest.NO_EXCEPTIONS, false);
    }
}

package dev.throughline.budget;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The rules of the package, one by one, with ten slots, two of them reserved. */
class BudgetTest {
    private static final long SECOND = Duration.ofSeconds(1).toNanos();
    /** Eight slots for all, two reserved; above nine, flows that are idle for ten seconds are evicted, down to six. */
    private static final PoolRule RULE = new PoolRule(20, 90, 60, Duration.ofSeconds(10));

    private static final List<String> NARROW = List.of("host", "narrow");
    private static final List<String> WIDE = List.of("host", "wide");
    private static final LimitClass AT_ONCE = new LimitClass("at-once", Caps.OPEN, true, Duration.ZERO);
    private static final LimitClass PATIENT = new LimitClass("patient", Caps.OPEN, false, Duration.ofSeconds(3));

    private final Budget budget = new Budget(3)
            .pool("host", 1_000, new PoolRule(0, 100, 100, Duration.ofSeconds(10)))
            .pool("narrow", 10, RULE)
            .pool("wide", 100, RULE);
    private long now = 100 * SECOND;

    /** A flow, and the time of its last byte. */
    private final class Flow {
        final LeaseRequest ask;
        long moved = now;

        Flow(Account who, LimitClass limits, List<List<String>> ways) {
            ask = new LeaseRequest(who, "192.0.2.1", limits, ways, now, () -> moved);
        }

        Admission answer() {
            return budget.request(ask, now);
        }

        Lease lease() {
            Lease lease = ((Admission.Granted) answer()).lease();
            budget.activate(lease);
            return lease;
        }
    }

    private static Account app(String name) {
        return new Account("host", "ann", name, name + "-1");
    }

    private Flow flow(String app) {
        return flow(app(app));
    }

    private Flow flow(Account who) {
        return new Flow(who, AT_ONCE, List.of(NARROW));
    }

    private List<Lease> leases(int count, String app) {
        return leases(count, app(app));
    }

    private List<Lease> leases(int count, Account who) {
        List<Lease> leases = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            leases.add(flow(who).lease());
        }
        return leases;
    }

    private static Shortage shortage(Admission answer) {
        return ((Admission.Refused) answer).shortage();
    }

    private PoolView narrow() {
        return budget.pools().get(1);
    }

    @Test
    void reservedSlotsAreForAccountsWithinTheirShare() {
        leases(8, "greedy");

        assertThat(shortage(flow("greedy").answer())).isEqualTo(new Shortage.Reserved("narrow"));
        assertThat(flow("modest").answer()).isInstanceOf(Admission.Granted.class);
        assertThat(flow("modest").answer()).isInstanceOf(Admission.Granted.class);
        assertThat(shortage(flow("greedy").answer())).isEqualTo(new Shortage.Full("narrow"));
        assertThat(narrow()).isEqualTo(new PoolView("narrow", 10, 10, 0, 8));
    }

    /** Equal parts of eight slots are two and a fraction: an account with as many flows as each other account isn't refused. */
    @Test
    void aFractionOfASlotIsRoundedUp() {
        leases(3, "one");
        leases(3, "two");
        leases(2, "three");
        assertThat(flow("three").answer()).isInstanceOf(Admission.Granted.class);
        assertThat(shortage(flow("three").answer())).isEqualTo(new Shortage.Reserved("narrow"));
    }

    @Test
    void manyProcessesOfAnExecutableHaveOneShare() {
        for (int i = 0; i < 8; i++) {
            flow(new Account("host", "ann", "greedy", "pid-" + i)).lease();
        }
        Account another = new Account("host", "ann", "greedy", "pid-8");
        assertThat(shortage(flow(another).answer())).isEqualTo(new Shortage.Reserved("narrow"));
        assertThat(flow("modest").answer()).isInstanceOf(Admission.Granted.class);
    }

    /** Ann has five of eight slots: all her programs share her part. */
    @Test
    void manyExecutablesOfAUserHaveOneShare() {
        for (int i = 0; i < 5; i++) {
            flow(new Account("host", "ann", "copy-" + i, "pid-" + i)).lease();
        }
        Account bob = new Account("host", "bob", "app", "pid-9");
        leases(3, bob);

        assertThat(shortage(flow(new Account("host", "ann", "copy-0", "pid-0")).answer()))
                .isEqualTo(new Shortage.Reserved("narrow"));
        assertThat(flow(bob).answer()).isInstanceOf(Admission.Granted.class);
    }

    /** An application of many users counts as many originators, which also get the part of an idle host. */
    @Test
    void anAccountWithNoMoreThanOthersIsWithinItsShare() {
        for (int i = 0; i < 10; i++) {
            flow(new Account("host-1", "user-" + i, "app", "pid-" + i)).lease();
        }
        assertThat(narrow().inUse()).isEqualTo(10);
    }

    @Test
    void theLongestIdleFlowsAboveTheirShareAreEvicted() {
        List<Flow> greedy = new ArrayList<>();
        List<Lease> theirs = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            Flow flow = flow("greedy");
            greedy.add(flow);
            theirs.add(flow.lease());
            now += SECOND;
        }
        Lease modest = flow("modest").lease();
        now += 10 * SECOND;
        greedy.get(0).moved = now;

        Admission answer = flow("other").answer();

        assertThat(answer).isInstanceOf(Admission.Granted.class);
        assertThat(answer.evicted())
                .as("down to six: the first is active, the modest one is idle and within its share")
                .containsExactly(theirs.get(1), theirs.get(2), theirs.get(3), theirs.get(4))
                .doesNotContain(modest);
        assertThat(narrow().evicted()).isEqualTo(4);
        assertThat(narrow().inUse())
                .as("until they are closed, they have their slots")
                .isEqualTo(10);
        answer.evicted().forEach(lease -> budget.release(lease, now));
        assertThat(narrow()).isEqualTo(new PoolView("narrow", 10, 6, 0, 8));
    }

    @Test
    void nobodyIsEvictedForIdlenessWhoMovedSomethingWithinTheFloor() {
        leases(7, "greedy");
        leases(1, "modest");
        now += 10 * SECOND - 1;
        assertThat(flow("other").answer().evicted()).isEmpty();
    }

    @Test
    void aFlowThatHasNotBegunIsNotIdle() {
        for (int i = 0; i < 7; i++) {
            assertThat(flow("greedy").answer()).isInstanceOf(Admission.Granted.class);
        }
        leases(1, "modest");
        now += 100 * SECOND;
        assertThat(flow("other").answer().evicted()).isEmpty();
    }

    @Test
    void aFlowThatMovesBytesAsItIsEvictedStaysOpen() {
        leases(9 - 1, "greedy");
        leases(1, "modest");
        now += 10 * SECOND;
        List<Lease> evicted = flow("other").answer().evicted();
        assertThat(evicted).hasSize(4);

        evicted.forEach(budget::spare);

        assertThat(narrow()).isEqualTo(new PoolView("narrow", 10, 10, 0, 8));
        assertThat(flow("another").answer().evicted()).as("it is idle").hasSize(5);
    }

    /** The request is within the account's share, so flows are evicted for it. */
    @Test
    void anAccountWithinItsShareWaitsForEvictedFlows() {
        leases(8, "greedy");
        leases(1, "modest");
        leases(1, new Account("host", "bob", "modest", "1"));
        now += 10 * SECOND;

        Admission answer = flow("other").answer();

        assertThat(answer).isInstanceOf(Admission.Waiting.class);
        assertThat(answer.evicted()).hasSize(5);
        BudgetChange turn = budget.release(answer.evicted().getFirst(), now);
        assertThat(turn.served()).hasSize(1);
    }

    @Test
    void itFallsOverToTheNextWay() {
        leases(8, "greedy");
        Flow both = new Flow(app("greedy"), AT_ONCE, List.of(NARROW, WIDE));

        Admission.Granted granted = (Admission.Granted) both.answer();

        assertThat(granted.lease().alternative()).isEqualTo(1);
        assertThat(granted.passedOver()).contains(new Shortage.Reserved("narrow"));
        assertThat(budget.pools().get(2).inUse()).isEqualTo(1);
    }

    @Test
    void aClassMayNotFallOver() {
        leases(8, "greedy");
        LimitClass stays = new LimitClass("stays", Caps.OPEN, false, Duration.ZERO);
        assertThat(shortage(new Flow(app("greedy"), stays, List.of(NARROW, WIDE)).answer()))
                .isEqualTo(new Shortage.Reserved("narrow"));
    }

    @Test
    void aWaiterIsServedWhenASlotIsFree() {
        List<Lease> leases = leases(8, "greedy");
        Flow waiting = new Flow(app("greedy"), PATIENT, List.of(NARROW));
        Ticket ticket = ((Admission.Waiting) waiting.answer()).ticket();
        assertThat(ticket.shortage()).isEqualTo(new Shortage.Reserved("narrow"));
        assertThat(ticket.deadline()).isEqualTo(now + 3 * SECOND);
        assertThat(budget.waiting()).isEqualTo(1);

        BudgetChange turn = budget.release(leases.getFirst(), now);

        assertThat(turn.served()).hasSize(1);
        assertThat(turn.served().getFirst().ticket()).isSameAs(ticket);
        assertThat(budget.waiting()).isZero();
    }

    @Test
    void theAccountWithTheFewestSlotsIsServedFirst() {
        budget.pool("plain", 10, new PoolRule(0, 100, 100, Duration.ofSeconds(10)));
        List<List<String>> plain = List.of(List.of("plain"));
        List<Lease> others = new ArrayList<>();
        for (String app : List.of("greedy", "greedy", "greedy", "modest", "modest", "small", "x", "x", "x", "x")) {
            Lease lease = new Flow(app(app), PATIENT, plain).lease();
            if (app.equals("x")) {
                others.add(lease);
            }
        }
        List<Ticket> tickets = new ArrayList<>();
        for (String app : List.of("greedy", "modest", "small")) {
            tickets.add(((Admission.Waiting) new Flow(app(app), PATIENT, plain).answer()).ticket());
        }

        List<Ticket> served = new ArrayList<>();
        for (Lease lease : others) {
            budget.release(lease, now).served().forEach(each -> served.add(each.ticket()));
        }

        assertThat(served).containsExactlyElementsOf(tickets.reversed());
    }

    private Ticket ticket(String app) {
        return ((Admission.Waiting) new Flow(app(app), PATIENT, List.of(NARROW)).answer()).ticket();
    }

    @Test
    void nobodyWaitsLongerThanItsClassLets() {
        leases(8, "greedy");
        Ticket ticket = ticket("greedy");
        assertThat(budget.tick(ticket.deadline() - 1).expired()).isEmpty();
        assertThat(budget.tick(ticket.deadline()).expired()).containsExactly(ticket);
        assertThat(budget.waiting()).isZero();
    }

    @Test
    void aCancelledRequestDoesNotWait() {
        leases(8, "greedy");
        Ticket ticket = ticket("greedy");
        assertThat(budget.cancel(ticket)).isTrue();
        assertThat(budget.cancel(ticket)).isFalse();
        assertThat(budget.waiting()).isZero();
    }

    /** Three may wait. */
    @Test
    void theAccountWithTheMostWaitersLosesOneToAnother() {
        leases(8, "greedy");
        leases(1, "modest");
        leases(1, new Account("host", "bob", "modest", "1"));
        ticket("greedy");
        ticket("greedy");
        Ticket last = ticket("greedy");
        assertThat(shortage(new Flow(app("greedy"), PATIENT, List.of(NARROW)).answer()))
                .isEqualTo(new Shortage.Full("narrow"));

        Admission.Waiting modest = (Admission.Waiting) new Flow(app("modest"), PATIENT, List.of(NARROW)).answer();

        assertThat(modest.displaced()).contains(last);
        assertThat(budget.waiting()).isEqualTo(3);
        assertThat(shortage(new Flow(app("modest"), PATIENT, List.of(NARROW)).answer()))
                .as("then as many as the other: no flow is evicted")
                .isEqualTo(new Shortage.Full("narrow"));
    }

    /** Idle flows become evictable while a flow waits. */
    @Test
    void roomIsMadeForThoseWhoWait() {
        leases(8, "greedy");
        leases(1, "modest");
        leases(1, new Account("host", "bob", "modest", "1"));
        LimitClass long20 = new LimitClass("long", Caps.OPEN, false, Duration.ofSeconds(20));
        assertThat(new Flow(app("modest"), long20, List.of(NARROW)).answer().evicted())
                .isEmpty();

        BudgetChange turn = budget.tick(now + 10 * SECOND);

        assertThat(turn.evicted()).hasSize(5);
        assertThat(budget.release(turn.evicted().getFirst(), now + 10 * SECOND).served())
                .hasSize(1);
    }

    @Test
    void aLargerCapacityServesThoseWhoWait() {
        leases(8, "greedy");
        ticket("greedy");
        assertThat(budget.capacity("narrow", 20, now).served()).hasSize(1);
        assertThat(budget.capacity("narrow", 4, now)).isEqualTo(BudgetChange.NOTHING);
        assertThat(shortage(flow("modest").answer())).isEqualTo(new Shortage.Full("narrow"));
    }

    @ParameterizedTest
    @CsvSource({
        "PROCESS, 2, 9, 9, 9, 9",
        "EXECUTABLE, 9, 2, 9, 9, 9",
        "USER, 9, 9, 2, 9, 9",
        "DESTINATION, 9, 9, 9, 2, 9",
        "EXECUTABLE_AND_DESTINATION, 9, 9, 9, 9, 2"
    })
    void aCapIsOfItsScope(Shortage.Scope scope, int process, int executable, int user, int destination, int both) {
        LimitClass limits =
                new LimitClass("few", new Caps(process, executable, user, destination, both), true, Duration.ZERO);
        Flow flow = new Flow(app("app"), limits, List.of(WIDE));
        Lease first = flow.lease();
        flow.lease();

        assertThat(shortage(flow.answer())).isEqualTo(new Shortage.Capped(scope, 2));

        LeaseRequest another = new LeaseRequest(
                new Account("host-2", "bob", "other", "pid-9"),
                "192.0.2.9",
                limits,
                flow.ask.alternatives(),
                now,
                () -> now);
        assertThat(budget.request(another, now)).isInstanceOf(Admission.Granted.class);
        assertThat(new Flow(app("app"), AT_ONCE, List.of(WIDE)).answer())
                .as("another class")
                .isInstanceOf(Admission.Granted.class);
        budget.release(first, now);
        assertThat(flow.answer()).isInstanceOf(Admission.Granted.class);
    }

    @Test
    void aWaiterForACapIsServedWhenAFlowOfItEnds() {
        LimitClass one = new LimitClass("one", new Caps(1, 1, 1, 1, 1), true, Duration.ofSeconds(3));
        Flow flow = new Flow(app("app"), one, List.of(WIDE));
        Lease first = flow.lease();
        assertThat(flow.answer()).isInstanceOf(Admission.Waiting.class);
        assertThat(budget.release(first, now).served()).hasSize(1);
    }

    /** A start that hangs uses a slot of the first transport until the system releases it, although the flow uses another one. */
    @Test
    void aFlowWhoseStartWasAbandonedUsesAnotherTransportAndIsCountedOnce() {
        LimitClass one = new LimitClass("one", new Caps(1, 1, 1, 1, 1), true, Duration.ofSeconds(3));
        Flow flow = new Flow(app("app"), one, List.of(NARROW, WIDE));
        Lease hanging = ((Admission.Granted) flow.answer()).lease();
        Flow again = new Flow(app("app"), one, List.of(WIDE));

        Lease lease = ((Admission.Granted) budget.requestInstead(hanging, again.ask, now)).lease();

        assertThat(inUse("narrow")).isEqualTo(1);
        assertThat(inUse("wide")).isEqualTo(1);
        budget.release(hanging, now);
        assertThat(inUse("narrow")).isZero();
        assertThat(new Flow(app("app"), one, List.of(WIDE)).answer())
                .as("the other one is still counted")
                .isInstanceOf(Admission.Waiting.class);
        budget.release(lease, now);
        assertThat(inUse("host")).isEqualTo(1);
    }

    /** The flow has waited before, and got a slot with which it couldn't start. */
    @Test
    void aRepeatedRequestKeepsTheDeadlineOfTheFirst() {
        leases(8, "greedy");
        Flow flow = new Flow(app("greedy"), PATIENT, List.of(NARROW));
        now += 2 * SECOND;
        assertThat(((Admission.Waiting) flow.answer()).ticket().deadline()).isEqualTo(now + SECOND);
        now += SECOND;
        assertThat(flow.answer()).isInstanceOf(Admission.Refused.class);
    }

    private int inUse(String pool) {
        return budget.pools().stream()
                .filter(view -> view.name().equals(pool))
                .mapToInt(PoolView::inUse)
                .sum();
    }

    @Test
    void withoutATransportNoFlowWaits() {
        Admission answer = new Flow(app("app"), PATIENT, List.of()).answer();
        assertThat(answer)
                .asInstanceOf(type(Admission.Refused.class))
                .extracting(Admission.Refused::shortage)
                .isEqualTo(new Shortage.NoAlternative());
    }

    @Test
    void marksAreInOrder() {
        assertThatThrownBy(() -> new PoolRule(100, 90, 60, Duration.ZERO))
                .hasMessage("reserve of 100 percent, expected 0 to 99");
        assertThatThrownBy(() -> new PoolRule(10, 60, 61, Duration.ZERO))
                .hasMessage("low mark at 61 percent, expected 0 to 60");
        assertThatThrownBy(() -> new PoolRule(10, 101, 60, Duration.ZERO))
                .hasMessage("soft mark at 101 percent, expected 0 to 100");
        assertThatThrownBy(() -> new Caps(1, 1, 1, 1, 0)).hasMessage("a cap below 1");
        assertThatThrownBy(() -> budget.pool("narrow", 1, RULE)).hasMessage("pool narrow exists already");
        assertThat(new PoolRule(99, 90, 60, Duration.ZERO).open(1)).isEqualTo(1);
        assertThat(Optional.of(PoolRule.DEFAULT.open(0))).contains(0);
    }
}

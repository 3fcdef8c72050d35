package dev.throughline.budget;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * A pool of 100 slots, 20 of them reserved. Ann has all 80 that are not reserved, and users of another host have the
 * others. All flows are active, and move bytes at every moment.
 */
class GuaranteedShareTest {
    private static final LimitClass AT_ONCE = new LimitClass("at-once", Caps.OPEN, true, Duration.ZERO);
    private static final PoolRule RULE = new PoolRule(20, 90, 60, Duration.ofSeconds(10));
    private static final List<String> WAY = List.of("hop", "transport");

    private final Budget budget = new Budget(100).pool("hop", 1_000, RULE).pool("transport", 100, RULE);
    private final List<Lease> open = new ArrayList<>();
    private long now;

    @BeforeEach
    void fill() {
        for (int i = 0; i < 80; i++) {
            assertThat(ask(user("ann"))).isInstanceOf(Admission.Granted.class);
        }
        for (int i = 0; i < 20; i++) {
            assertThat(ask(new Account("other", "user-" + i, "app", "1")).evicted())
                    .isEmpty();
        }
        assertThat(transport()).isEqualTo(new PoolView("transport", 100, 100, 0, 80));
    }

    private Admission ask(Account who) {
        Admission answer = budget.request(new LeaseRequest(who, "", AT_ONCE, List.of(WAY), now, () -> now), now);
        if (answer instanceof Admission.Granted(Lease lease, var first, var evicted)) {
            budget.activate(lease);
            open.add(lease);
        }
        return answer;
    }

    private static Account user(String name) {
        return new Account("host", name, "app", name + "-1");
    }

    private PoolView transport() {
        return budget.pools().getLast();
    }

    private BudgetChange release(Lease lease) {
        open.remove(lease);
        BudgetChange turn = budget.release(lease, now);
        turn.served().forEach(served -> open.add(served.lease()));
        return turn;
    }

    /** Requests a slot, and closes evicted flows until no flow is to be evicted. */
    private void flood(Account who) {
        List<Lease> closing = new ArrayList<>(ask(who).evicted());
        while (!closing.isEmpty()) {
            closing.addAll(release(closing.removeFirst()).evicted());
        }
    }

    private long places(String host, String user) {
        return open.stream()
                .map(lease -> lease.request().account())
                .filter(who -> who.host().equals(host) && who.user().equals(user))
                .count();
    }

    @Test
    void aUserWithoutFlowsGetsTheSlotOfTheNewestFlowOfTheLargestUser() {
        Lease newest = open.get(79);

        Admission.Waiting carl = (Admission.Waiting) ask(user("carl"));

        assertThat(carl.evicted()).containsExactly(newest);
        assertThat(newest.isPreempted()).isTrue();
        budget.spare(newest);
        assertThat(transport().evicted()).as("it can't be closed").isOne();
        assertThat(release(newest).served())
                .extracting(BudgetChange.Served::ticket)
                .containsExactly(carl.ticket());
    }

    @Test
    void aSlotThatIsBeingFreedIsForOneWaiter() {
        Lease first = ask(user("carl")).evicted().getFirst();
        assertThat(ask(user("dora")).evicted()).isEmpty();

        BudgetChange turn = release(first);

        assertThat(turn.served()).hasSize(1);
        assertThat(turn.evicted()).as("for the other").hasSize(1);
        assertThat(release(turn.evicted().getFirst()).served()).hasSize(1);
    }

    /** The other host has ten of twenty guaranteed slots, so ann and carl have five each. */
    @Test
    @Tag("attack")
    void aFloodOfCopiesOfAProgramTakesNoMoreThanAShareOfTheReserve() {
        for (int i = 0; i < 200; i++) {
            flood(new Account("host", "carl", "copy-" + i, "1"));
        }
        assertThat(places("host", "carl")).isEqualTo(5);
        assertThat(places("host", "ann")).isEqualTo(75);
    }

    @Test
    @Tag("attack")
    void aFloodOfProcessesTakesNoMoreThanAShareOfTheReserve() {
        for (int i = 0; i < 200; i++) {
            flood(new Account("host", "carl", "app", "fork-" + i));
        }
        assertThat(places("host", "carl")).isEqualTo(5);
        assertThat(places("host", "ann")).isEqualTo(75);
    }

    /** Each program gets one slot at most, from ann's own. */
    @Test
    void anotherProgramOfTheLargestUserTakesFromThatUser() {
        flood(new Account("host", "ann", "other-app", "1"));

        assertThat(places("host", "ann")).isEqualTo(80);
        assertThat(open.getLast().request().account().executable()).isEqualTo("other-app");
        assertThat(transport().inUse()).isEqualTo(100);
    }

    @Test
    void nobodyTakesFromOneThatHasAsMuch() {
        for (int i = 0; i < 30; i++) {
            flood(new Account("host", "ann", "app", "fork-" + i));
        }
        assertThat(places("host", "ann")).isEqualTo(80);
        Admission another = ask(new Account("other", "user-0", "app", "2"));
        assertThat(another).isInstanceOf(Admission.Refused.class);
    }

    @Test
    void noFlowIsPreemptedForAFlowThatLacksOtherSlots() {
        budget.pool("closed", 0, RULE);
        LeaseRequest ask = new LeaseRequest(
                user("carl"), "", AT_ONCE, List.of(List.of("hop", "transport", "closed")), now, () -> now);

        assertThat(budget.request(ask, now))
                .isEqualTo(new Admission.Refused(new Shortage.Full("transport"), List.of()));
    }

    @Test
    void aSlotThatIsKeptAfterItsFlowIsNotPreempted() {
        budget.keep(open.get(79));
        budget.keep(open.get(79));

        Admission carl = ask(user("carl"));

        assertThat(carl.evicted()).containsExactly(open.get(78));
        release(open.get(79));
        release(open.get(78));
        assertThat(transport().inUse()).isEqualTo(99);
    }

    @Test
    void aFlowUsesAnotherTransportBeforeAFlowIsPreempted() {
        budget.pool("free", 10, RULE);
        LeaseRequest ask =
                new LeaseRequest(user("carl"), "", AT_ONCE, List.of(WAY, List.of("hop", "free")), now, () -> now);

        Admission answer = budget.request(ask, now);

        assertThat(answer.evicted()).isEmpty();
        assertThat(((Admission.Granted) answer).lease().alternative()).isOne();
    }
}

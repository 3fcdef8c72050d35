package dev.throughline.budget;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Random arrivals, bytes and ends, each decision compared with that of {@link NaiveBudget}: the same grants, the same
 * refusals for the same reason, the same flows evicted in the same order. The purposes of the rules are asserted separately.
 */
class BudgetPropertiesTest {
    private static final int STEPS = 4_000;
    private static final long FLOOR = Duration.ofSeconds(10).toNanos();
    private static final List<List<String>> BOTH = List.of(List.of("host", "narrow"), List.of("host", "wide"));
    private static final List<List<String>> WIDE = List.of(List.of("host", "wide"));
    private static final List<List<String>> NARROW = List.of(List.of("host", "narrow"));
    private static final LimitClass AT_ONCE = new LimitClass("at-once", Caps.OPEN, true, Duration.ZERO);

    private final NaiveBudget model = new NaiveBudget(this::chosen);
    private final Map<Long, Lease> leases = new HashMap<>();
    private final List<NaiveBudget.Flow> closing = new ArrayList<>();
    private final List<Long> evicted = new ArrayList<>();
    private Budget budget;
    private Random random;
    /** Near the maximum, so that it overflows. */
    private long now = Long.MAX_VALUE - STEPS * FLOOR / 40;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
    void everyDecisionIsTheRules(long seed) {
        random = new Random(seed);
        budget = new Budget(0);
        pool("host", 60 + random.nextInt(60));
        pool("narrow", 10 + random.nextInt(40));
        pool("wide", 20 + random.nextInt(60));
        for (int step = 0; step < STEPS; step++) {
            now += random.nextLong(FLOOR / 20);
            switch (random.nextInt(20)) {
                case 0, 1, 2, 3, 4, 5, 6, 7 -> ask();
                case 8, 9, 10 -> any(flow -> flow.moved = now);
                case 11, 12 -> any(this::activate);
                case 13, 14, 15 -> any(this::release);
                case 16 -> List.copyOf(closing).forEach(this::spareOrRelease);
                case 17 -> now += FLOOR / 2;
                case 18 -> ask();
                default -> change(List.of("narrow", "wide").get(random.nextInt(2)));
            }
            for (PoolView pool : budget.pools()) {
                assertThat(pool.inUse()).isEqualTo(model.inUse(pool.name()));
            }
        }
        List.copyOf(model.flows).forEach(this::release);
        assertThat(budget.pools()).as("nothing is left").allMatch(pool -> pool.inUse() == 0 && pool.evicted() == 0);
        assertThat(budget.isEmpty()).isTrue();
    }

    private void pool(String name, int capacity) {
        int low = random.nextInt(80);
        PoolRule rule = new PoolRule(random.nextInt(40), low + random.nextInt(101 - low), low, Duration.ofNanos(FLOOR));
        budget.pool(name, capacity, rule);
        model.pools.put(name, new NaiveBudget.Pool(capacity, rule));
    }

    private void change(String name) {
        int capacity = random.nextInt(80);
        NaiveBudget.Pool before = model.pools.get(name);
        assertThat(budget.capacity(name, capacity, now)).isEqualTo(BudgetChange.NOTHING);
        model.pools.put(name, new NaiveBudget.Pool(capacity, before.rule()));
    }

    private void ask() {
        Account who = account();
        List<List<String>> ways = List.of(BOTH, WIDE, NARROW).get(random.nextInt(3));
        long number = leases.size();
        Map<String, Integer> before = new HashMap<>();
        model.pools.keySet().forEach(pool -> before.put(pool, model.inUse(pool)));
        NaiveBudget.Flow[] flow = {null};
        Admission answer = budget.request(
                new LeaseRequest(who, "", AT_ONCE, ways, now, () -> flow[0] == null ? now : flow[0].moved), now);
        evicted.clear();
        answer.evicted().forEach(lease -> evicted.add(number(lease)));
        NaiveBudget.Outcome expected = model.ask(number, who, ways, now);

        assertThat(evicted).isEqualTo(expected.evicted());
        model.flows.stream()
                .filter(each -> !each.counts() && !closing.contains(each))
                .forEach(closing::add);
        switch (answer) {
            case Admission.Granted(Lease lease, var passedOver, var evicted) -> {
                assertThat(lease.alternative()).isEqualTo(expected.way());
                assertThat(passedOver.orElse(null)).isEqualTo(expected.shortage());
                flow[0] = model.flows.getLast();
                leases.put(number, lease);
                for (String pool : flow[0].pools) {
                    assertThat(before.get(pool))
                            .isLessThan(model.pools.get(pool).capacity());
                }
            }
            case Admission.Refused(Shortage shortage, var evicted) -> {
                assertThat(expected.way()).isEqualTo(-1);
                assertThat(shortage).isEqualTo(expected.shortage());
                fairlyRefused(who, ways);
                aGuaranteedSlotIsRefusedOnlyUntilOneIsFree(who, ways);
            }
            // An account within its share gets a slot by evictions.
            case Admission.Waiting(Ticket ticket, var evicted, var displaced) ->
                throw new AssertionError("nobody may wait here");
        }
    }

    /** An account within its share was refused only if no slot was free and no other account above its share had an idle flow. */
    private void fairlyRefused(Account who, List<List<String>> ways) {
        for (List<String> way : ways) {
            NaiveBudget.Flow would = new NaiveBudget.Flow(-1, who, way);
            model.flows.add(would);
            boolean blocked = false;
            for (String name : way) {
                NaiveBudget.Pool pool = model.pools.get(name);
                int open = pool.rule().open(pool.capacity());
                boolean within = !model.exceeds(name, who, open, true);
                boolean full = model.inUse(name) > pool.capacity();
                if (within && full && model.inUse(name) - pool.capacity() > evicted(name)) {
                    assertThat(model.evictable(name, now, open))
                            .as("in %s, which %s may use", name, who)
                            .isEmpty();
                }
                blocked |= model.objection(name, who).isPresent();
            }
            model.flows.remove(would);
            assertThat(blocked).as("%s by %s", who, way).isTrue();
        }
    }

    /** Returns the flow that was evicted among several candidates. */
    private NaiveBudget.Flow chosen(List<NaiveBudget.Flow> givers) {
        return givers.stream()
                .filter(flow -> evicted.contains(flow.number))
                .findFirst()
                .orElseThrow(() -> new AssertionError("none of " + givers.size() + " gave its place up: " + evicted));
    }

    /**
     * A user without flows is refused only if no user has two, or a slot of an evicted flow is being freed. The same holds
     * for a host.
     */
    private void aGuaranteedSlotIsRefusedOnlyUntilOneIsFree(Account who, List<List<String>> ways) {
        for (List<String> way : ways) {
            assertThat(way.stream().anyMatch(pool -> mayBeRefused(pool, who)))
                    .as("%s by %s", who, way)
                    .isTrue();
        }
    }

    private boolean mayBeRefused(String name, Account who) {
        NaiveBudget.Pool pool = model.pools.get(name);
        List<NaiveBudget.Flow> counted = model.flows.stream()
                .filter(flow -> flow.counts() && flow.pools.contains(name))
                .toList();
        boolean isNewUser = counted.stream()
                .noneMatch(flow ->
                        flow.who.host().equals(who.host()) && flow.who.user().equals(who.user()));
        boolean anotherHasTwo = counted.stream()
                .collect(
                        Collectors.groupingBy(flow -> List.of(flow.who.host(), flow.who.user()), Collectors.counting()))
                .values()
                .stream()
                .anyMatch(count -> count > 1);
        boolean anyGuaranteed = pool.capacity() > pool.rule().open(pool.capacity());
        return !isNewUser || !anotherHasTwo || !anyGuaranteed || evicted(name) > 0;
    }

    private long evicted(String pool) {
        return model.flows.stream()
                .filter(flow -> !flow.counts() && flow.pools.contains(pool))
                .count();
    }

    private Account account() {
        int kind = random.nextInt(10);
        String executable = kind < 5 ? "greedy" : "app-" + random.nextInt(4);
        return new Account(
                "host-" + random.nextInt(2), "user-" + random.nextInt(2), executable, "pid-" + random.nextInt(3));
    }

    private void any(Consumer<NaiveBudget.Flow> what) {
        if (!model.flows.isEmpty()) {
            what.accept(model.flows.get(random.nextInt(model.flows.size())));
        }
    }

    private void activate(NaiveBudget.Flow flow) {
        if (flow.state == NaiveBudget.State.STARTING) {
            flow.state = NaiveBudget.State.ACTIVE;
        }
        budget.activate(leases.get(flow.number));
    }

    private void release(NaiveBudget.Flow flow) {
        model.flows.remove(flow);
        closing.remove(flow);
        assertThat(budget.release(leases.get(flow.number), now)).isEqualTo(BudgetChange.NOTHING);
        assertThat(budget.release(leases.get(flow.number), now)).as("twice").isEqualTo(BudgetChange.NOTHING);
    }

    private void spareOrRelease(NaiveBudget.Flow flow) {
        if (random.nextBoolean() && !leases.get(flow.number).isPreempted()) {
            closing.remove(flow);
            model.flows.remove(flow);
            model.flows.addFirst(flow);
            flow.moved = now;
            flow.state = NaiveBudget.State.ACTIVE;
            budget.spare(leases.get(flow.number));
        } else {
            release(flow);
        }
    }

    private long number(Lease lease) {
        return leases.entrySet().stream()
                .filter(each -> each.getValue() == lease)
                .findFirst()
                .orElseThrow()
                .getKey();
    }
}

package dev.throughline.budget;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A second implementation of the package's rules, as literal as possible and without optimizations. */
final class NaiveBudget {
    enum State {
        STARTING,
        ACTIVE,
        EVICTED
    }

    /** A flow with a slot in some pools. */
    static final class Flow {
        final long number;
        final Account who;
        final List<String> pools;
        State state = State.STARTING;
        long moved;

        Flow(long number, Account who, List<String> pools) {
            this.number = number;
            this.who = who;
            this.pools = pools;
        }

        boolean counts() {
            return state != State.EVICTED;
        }
    }

    record Pool(int capacity, PoolRule rule) {}

    /** @param way the way with a slot, -1 for none */
    record Outcome(int way, @Nullable Shortage shortage, List<Long> evicted) {}

    private static final List<Function<Account, String>> LEVELS =
            List.of(Account::host, Account::user, Account::executable, Account::process);

    /** No rule says which of several largest accounts loses a flow. */
    private final Function<List<Flow>, Flow> chosen;

    final Map<String, Pool> pools = new LinkedHashMap<>();
    final List<Flow> flows = new ArrayList<>();

    NaiveBudget(Function<List<Flow>, Flow> chosen) {
        this.chosen = chosen;
    }

    int inUse(String pool) {
        return (int) flows.stream().filter(flow -> flow.pools.contains(pool)).count();
    }

    private List<Flow> counted(String pool) {
        return flows.stream()
                .filter(flow -> flow.pools.contains(pool) && flow.counts())
                .toList();
    }

    Outcome ask(long number, Account who, List<List<String>> ways, long now) {
        List<Long> evicted = new ArrayList<>();
        Outcome outcome = askOnce(number, who, ways, now);
        evicted.addAll(outcome.evicted);
        while (outcome.way == -1 && !outcome.evicted.isEmpty()) {
            outcome = askOnce(number, who, ways, now);
            evicted.addAll(outcome.evicted);
        }
        if (outcome.way == -1 && ways.stream().noneMatch(way -> comes(number, who, way))) {
            evicted.addAll(preempt(number, who, ways));
        }
        return new Outcome(outcome.way, outcome.shortage, evicted);
    }

    /** Whether flows were evicted for an account within its share. */
    private boolean comes(long number, Account who, List<String> way) {
        Flow flow = new Flow(number, who, way);
        flows.add(flow);
        boolean comes =
                way.stream().anyMatch(pool -> inUse(pool) > counted(pool).size())
                        && way.stream()
                                .allMatch(pool -> objection(pool, who).isEmpty()
                                        || (hasRoomSoon(pool, who) && !exceeds(pool, who, open(pool), true)));
        flows.remove(flow);
        return comes;
    }

    private boolean hasRoomSoon(String pool, Account who) {
        return objection(pool, who, counted(pool).size()).isEmpty();
    }

    private int open(String pool) {
        return pools.get(pool).rule.open(pools.get(pool).capacity);
    }

    /** Evicts the newest flow of another account in each full pool of the first way on which that frees all pools. */
    private List<Long> preempt(long number, Account who, List<List<String>> ways) {
        List<Long> evicted = new ArrayList<>();
        boolean comes = false;
        for (int way = 0; way < ways.size() && !comes; way++) {
            Flow flow = new Flow(number, who, ways.get(way));
            flows.add(flow);
            comes = flow.pools.stream()
                    .allMatch(
                            pool -> hasRoomSoon(pool, who) || !givers(pool, who).isEmpty());
            for (String pool : flow.pools) {
                if (comes && !hasRoomSoon(pool, who)) {
                    Flow victim = chosen.apply(givers(pool, who));
                    victim.state = State.EVICTED;
                    evicted.add(victim.number);
                }
            }
            flows.remove(flow);
        }
        return evicted;
    }

    /**
     * Returns the flows that may be evicted: the newest of each largest account, on the first level where an account has more than {@code who},
     * which has no more there than its share of the reserve.
     */
    List<Flow> givers(String pool, Account who) {
        List<Flow> group = counted(pool);
        for (int depth = 1; depth <= LEVELS.size(); depth++) {
            Function<Account, String> level = LEVELS.get(depth - 1);
            List<Flow> own = group.stream()
                    .filter(flow -> level.apply(flow.who).equals(level.apply(who)))
                    .toList();
            int most = most(group, level);
            int reserve = pools.get(pool).capacity - open(pool);
            if (most > own.size() && !exceeds(pool, who, reserve, true, depth)) {
                return givers(group, depth);
            }
            group = own;
        }
        return List.of();
    }

    /** The newest flow of each process with the most, in each executable with the most, and so on inwards. */
    private static List<Flow> givers(List<Flow> group, int depth) {
        if (depth > LEVELS.size()) {
            return List.of(group.getLast());
        }
        Function<Account, String> level = LEVELS.get(depth - 1);
        int most = most(group, level);
        return group.stream().collect(Collectors.groupingBy(flow -> level.apply(flow.who))).values().stream()
                .filter(members -> members.size() == most)
                .flatMap(members -> givers(members, depth + 1).stream())
                .toList();
    }

    private static int most(List<Flow> group, Function<Account, String> level) {
        return group.stream().collect(Collectors.groupingBy(flow -> level.apply(flow.who))).values().stream()
                .mapToInt(List::size)
                .max()
                .orElse(0);
    }

    private Outcome askOnce(long number, Account who, List<List<String>> ways, long now) {
        List<Long> evicted = new ArrayList<>();
        Shortage first = null;
        for (int way = 0; way < ways.size(); way++) {
            Flow flow = new Flow(number, who, ways.get(way));
            flow.moved = now;
            flows.add(flow);
            for (String pool : flow.pools) {
                evicted.addAll(makeRoom(pool, now));
            }
            Optional<Shortage> objection = flow.pools.stream()
                    .flatMap(pool -> objection(pool, who).stream())
                    .findFirst();
            if (objection.isEmpty()) {
                return new Outcome(way, first, evicted);
            }
            flows.remove(flow);
            first = first == null ? objection.get() : first;
        }
        return new Outcome(-1, first, evicted);
    }

    private List<Long> makeRoom(String name, long now) {
        Pool pool = pools.get(name);
        List<Long> evicted = new ArrayList<>();
        if (counted(name).size() <= pool.rule.soft(pool.capacity)) {
            return evicted;
        }
        while (counted(name).size() > pool.rule.low(pool.capacity)) {
            Optional<Flow> longest = evictable(name, now, pool.rule.low(pool.capacity));
            if (longest.isEmpty()) {
                break;
            }
            longest.get().state = State.EVICTED;
            evicted.add(longest.get().number);
        }
        return evicted;
    }

    /** Returns the flow that the rule selects. */
    Optional<Flow> evictable(String name, long now, int places) {
        return counted(name).stream()
                .filter(flow -> flow.state == State.ACTIVE)
                .filter(flow ->
                        now - flow.moved >= pools.get(name).rule.idleFloor().toNanos())
                .filter(flow -> exceeds(name, flow.who, places, false))
                .min(Comparator.<Flow>comparingLong(flow -> flow.moved - now).thenComparingLong(flow -> flow.number));
    }

    Optional<Shortage> objection(String name, Account who) {
        return objection(name, who, inUse(name));
    }

    private Optional<Shortage> objection(String name, Account who, int taken) {
        Pool pool = pools.get(name);
        if (taken > pool.capacity) {
            return Optional.of(new Shortage.Full(name));
        }
        int open = pool.rule.open(pool.capacity);
        boolean reserved = taken > open
                && exceeds(name, who, open, true)
                && givers(name, who).isEmpty();
        return reserved ? Optional.of(new Shortage.Reserved(name)) : Optional.empty();
    }

    boolean exceeds(String name, Account who, int places, boolean wholePlaces) {
        return exceeds(name, who, places, wholePlaces, 4);
    }

    /** Returns whether an account has more than its share, compared at this number of levels from the outside. */
    private boolean exceeds(String name, Account who, int places, boolean wholePlaces, int depth) {
        List<Flow> group = counted(name);
        int part = places;
        for (int i = 0; i < depth; i++) {
            Function<Account, String> level = LEVELS.get(i);
            if (group.size() <= part) {
                return false;
            }
            Map<String, Integer> counts = new TreeMap<>();
            group.forEach(flow -> counts.merge(level.apply(flow.who), 1, Integer::sum));
            part = level(counts, part, wholePlaces && i < 3);
            group = group.stream()
                    .filter(flow -> level.apply(flow.who).equals(level.apply(who)))
                    .toList();
        }
        return group.size() > part;
    }

    /** Tries each. */
    private static int level(Map<String, Integer> counts, int part, boolean wholePlaces) {
        int level = 0;
        while (cut(counts, level + 1) <= part) {
            level++;
        }
        return wholePlaces && cut(counts, level) < part ? level + 1 : level;
    }

    private static int cut(Map<String, Integer> counts, int level) {
        return counts.values().stream()
                .mapToInt(count -> Math.min(count, level))
                .sum();
    }
}

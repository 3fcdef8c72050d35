package dev.throughline.budget;

import com.google.common.collect.ImmutableList;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The rules of the package once more, written down as they are said, without a thought of speed. */
final class NaiveBudget {
    enum State {
        STARTING,
        ACTIVE,
        EVICTED
    }

    /** A flow with a place in some pools. */
    static final class Flow {
        final long number;
        final Claimant who;
        final ImmutableList<String> pools;
        State state = State.STARTING;
        long moved;

        Flow(long number, Claimant who, ImmutableList<String> pools) {
            this.number = number;
            this.who = who;
            this.pools = pools;
        }

        boolean counts() {
            return state != State.EVICTED;
        }
    }

    record Pool(int capacity, PoolRule rule) {}

    /** @param way that has a place, -1 for none */
    record Outcome(int way, @Nullable Shortage shortage, List<Long> evicted) {}

    final Map<String, Pool> pools = new LinkedHashMap<>();
    final List<Flow> flows = new ArrayList<>();

    int inUse(String pool) {
        return (int) flows.stream().filter(flow -> flow.pools.contains(pool)).count();
    }

    private List<Flow> counted(String pool) {
        return flows.stream()
                .filter(flow -> flow.pools.contains(pool) && flow.counts())
                .toList();
    }

    Outcome ask(long number, Claimant who, List<ImmutableList<String>> ways, long now) {
        List<Long> evicted = new ArrayList<>();
        Outcome outcome = askOnce(number, who, ways, now);
        evicted.addAll(outcome.evicted);
        while (outcome.way == -1 && !outcome.evicted.isEmpty()) {
            outcome = askOnce(number, who, ways, now);
            evicted.addAll(outcome.evicted);
        }
        return new Outcome(outcome.way, outcome.shortage, evicted);
    }

    private Outcome askOnce(long number, Claimant who, List<ImmutableList<String>> ways, long now) {
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

    /** The flow that the rule names. */
    Optional<Flow> evictable(String name, long now, int places) {
        return counted(name).stream()
                .filter(flow -> flow.state == State.ACTIVE)
                .filter(flow ->
                        now - flow.moved >= pools.get(name).rule.idleFloor().toNanos())
                .filter(flow -> exceeds(name, flow.who, places, false))
                .min(Comparator.<Flow>comparingLong(flow -> flow.moved - now).thenComparingLong(flow -> flow.number));
    }

    Optional<Shortage> objection(String name, Claimant who) {
        Pool pool = pools.get(name);
        if (inUse(name) > pool.capacity) {
            return Optional.of(new Shortage.Full(name));
        }
        int open = pool.rule.open(pool.capacity);
        int reserve = pool.capacity - open;
        int quarters = levelsWithin(name, who, open);
        int mayHave = quarters == 1 ? reserve / 4 : reserve - reserve * (4 - quarters) / 4;
        return inUse(name) > open + mayHave ? Optional.of(new Shortage.Reserved(name)) : Optional.empty();
    }

    /** On how many levels, from the process outwards, somebody has no more than its share. */
    private int levelsWithin(String name, Claimant who, int places) {
        int levels = 0;
        while (levels < 4 && !exceeds(name, who, places, true, 4 - levels)) {
            levels++;
        }
        return levels;
    }

    boolean exceeds(String name, Claimant who, int places, boolean wholePlaces) {
        return exceeds(name, who, places, wholePlaces, 4);
    }

    /** Whether somebody has more than its share, found by going so many levels from the outside in. */
    private boolean exceeds(String name, Claimant who, int places, boolean wholePlaces, int depth) {
        List<Flow> group = counted(name);
        int part = places;
        List<Function<Claimant, String>> levels =
                List.of(Claimant::host, Claimant::user, Claimant::executable, Claimant::process);
        for (int i = 0; i < depth; i++) {
            Function<Claimant, String> level = levels.get(i);
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

    /** Tried one by one. */
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

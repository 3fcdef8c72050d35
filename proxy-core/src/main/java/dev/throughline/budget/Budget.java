package dev.throughline.budget;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.base.Preconditions.checkState;

import com.google.common.collect.ImmutableList;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The places of a hop, who has them and who gets the next, by the rules of this package. Thread-safe; a question takes about
 * a microsecond. Times are nanoseconds of one clock, which may come round, such as {@link System#nanoTime}.
 *
 * <p>It decides and doesn't act: whoever asked closes what was evicted, releases every lease once the system has let go of
 * the flow, and looks for tickets that expired.
 */
public final class Budget {
    private final Map<String, Pool> pools = new LinkedHashMap<>();
    private final ProcessTable processes = new ProcessTable();
    private final CapCounts caps = new CapCounts();
    private final WaitQueue waiting;
    private long numbers;

    /**
     * A budget without pools.
     *
     * @param maxWaiting how many flows may wait at once
     */
    public Budget(int maxWaiting) {
        this.waiting = new WaitQueue(maxWaiting);
    }

    /**
     * One more kind of places.
     *
     * @param name that asks use
     * @param capacity places, 0 or more
     * @param rule how they are given
     * @return this
     * @throws IllegalArgumentException if there is one of this name
     */
    public synchronized Budget pool(String name, int capacity, PoolRule rule) {
        checkArgument(capacity >= 0, "%s: a capacity of %s", name, capacity);
        checkArgument(
                pools.putIfAbsent(name, new Pool(name, pools.size(), capacity, rule)) == null,
                "%s is there twice",
                name);
        return this;
    }

    /**
     * Another capacity from now on. What is in use stays.
     *
     * @param pool by its name
     * @param capacity places, 0 or more
     * @param now in nanoseconds
     * @return what that changed for others
     */
    public synchronized BudgetChange capacity(String pool, int capacity, long now) {
        checkArgument(capacity >= 0, "%s: a capacity of %s", pool, capacity);
        pool(pool).capacity(capacity);
        return turn(ImmutableList.of(), now);
    }

    /**
     * A flow asks for a place.
     *
     * @param ask for whom, and where it may be
     * @param now in nanoseconds
     * @return what becomes of it, and who has to go
     */
    public synchronized Admission ask(LeaseRequest ask, long now) {
        List<Lease> evicted = new ArrayList<>();
        Optional<Shortage> capped = caps.objection(ask);
        Attempt attempt = capped.isPresent() ? Attempt.none(capped.get()) : attempt(ask, now, evicted);
        if (attempt.lease.isPresent()) {
            return new Admission.Granted(attempt.lease.get(), attempt.shortage, ImmutableList.copyOf(evicted));
        }
        Shortage shortage = attempt.shortage.orElseGet(Shortage.NoWay::new);
        Duration wait = ask.limits().longestWait().isZero() && attempt.comes
                ? LimitClass.DEFAULT_WAIT
                : ask.limits().longestWait();
        long deadline = ask.since() + wait.toNanos();
        if (deadline - now <= 0 || ask.ways().isEmpty()) {
            return new Admission.Refused(shortage, ImmutableList.copyOf(evicted));
        }
        Ticket ticket = new Ticket(ask, numbers++, deadline, shortage);
        Optional<Ticket> displaced = waiting.add(ticket);
        if (displaced.filter(ticket::equals).isPresent()) {
            return new Admission.Refused(shortage, ImmutableList.copyOf(evicted));
        }
        return new Admission.Waiting(ticket, ImmutableList.copyOf(evicted), displaced);
    }

    /**
     * A flow whose start on one way was given up asks for others. Its first places are in use for as long as the system holds
     * them, and are released by themselves; but caps count it once.
     *
     * @param givenUp the lease of these places
     * @param ask for whom, and where else it may be
     * @param now in nanoseconds
     * @return what becomes of it, and who has to go
     */
    public synchronized Admission askInstead(Lease givenUp, LeaseRequest ask, long now) {
        caps.remove(givenUp.counted());
        givenUp.counted(ImmutableList.of());
        return ask(ask, now);
    }

    /**
     * What came of asking.
     *
     * @param shortage of the first way, if that wasn't it
     * @param comes whether a place comes that was made free for such a flow
     */
    private record Attempt(Optional<Lease> lease, Optional<Shortage> shortage, boolean comes) {
        static Attempt none(Shortage why) {
            return new Attempt(Optional.empty(), Optional.of(why), false);
        }
    }

    /** Tries all ways, and again if that made room: what was evicted for the last way may have let it in on the first. */
    private Attempt attempt(LeaseRequest ask, long now, List<Lease> evicted) {
        int before;
        Attempt attempt;
        do {
            before = evicted.size();
            attempt = attemptOnce(ask, now, evicted::add);
        } while (attempt.lease.isEmpty() && evicted.size() > before);
        return attempt.lease.isPresent() || attempt.comes ? attempt : preempted(ask, attempt, evicted);
    }

    /** Where no way has a place, the newest flow of the largest originator gives up its own, and the place comes when that is closed. */
    private Attempt preempted(LeaseRequest ask, Attempt refused, List<Lease> evicted) {
        boolean comes = false;
        for (int way = 0; way < ways(ask) && !comes; way++) {
            Lease lease = new Lease(ask, numbers, way);
            lease.places(taken(ask, lease, new Slot[] {}));
            comes = preempt(lease, evicted);
            giveAll(lease);
        }
        return new Attempt(Optional.empty(), refused.shortage, comes);
    }

    /** Whether each pool of a way has a place for it soon. Unless all of them can have one, nobody is evicted in any. */
    private static boolean preempt(Lease lease, List<Lease> evicted) {
        for (Slot place : lease.places()) {
            if (!place.pool().hasRoomSoon(place.process())
                    && place.pool().giver(place.process()).isEmpty()) {
                return false;
            }
        }
        for (Slot place : lease.places()) {
            if (!place.pool().hasRoomSoon(place.process())) {
                place.pool().giver(place.process()).ifPresent(victim -> {
                    victim.lease().preempt();
                    evict(victim.lease(), evicted::add);
                });
            }
        }
        return true;
    }

    private Lease granted(Lease lease) {
        numbers++;
        lease.counted(caps.add(lease.ask()));
        for (Slot place : lease.places()) {
            place.process().addNewest(place);
        }
        return lease;
    }

    private void giveAll(Lease lease) {
        for (Slot place : lease.places()) {
            give(place);
        }
    }

    private static int ways(LeaseRequest ask) {
        return ask.limits().fallsOver()
                ? ask.ways().size()
                : Math.min(1, ask.ways().size());
    }

    private Attempt attemptOnce(LeaseRequest ask, long now, Consumer<Lease> evict) {
        Optional<Shortage> first = Optional.empty();
        boolean comes = false;
        int ways = ways(ask);
        Slot[] kept = {};
        for (int way = 0; way < ways; way++) {
            Lease lease = new Lease(ask, numbers, way);
            lease.places(taken(ask, lease, kept));
            for (Slot place : lease.places()) {
                place.pool().makeRoom(now, victim -> evict(victim, evict));
            }
            Optional<Shortage> objection = objection(lease);
            if (objection.isEmpty()) {
                return new Attempt(Optional.of(granted(lease)), first, false);
            }
            comes |= areFreeSoon(lease.places());
            int same = way + 1 < ways ? common(ask.ways().get(way), ask.ways().get(way + 1)) : 0;
            kept = Arrays.copyOf(lease.places(), same);
            for (int i = same; i < lease.places().length; i++) {
                give(lease.places()[i]);
            }
            if (first.isEmpty()) {
                first = objection;
            }
        }
        return new Attempt(Optional.empty(), first, comes);
    }

    /** How many pools two ways begin with alike: the places there needn't be given back in between. */
    private static int common(ImmutableList<String> one, ImmutableList<String> other) {
        int same = 0;
        while (same < Math.min(one.size(), other.size()) && one.get(same).equals(other.get(same))) {
            same++;
        }
        return same;
    }

    /** Takes a place in each pool of the lease's way; those that are {@code kept} are taken already. */
    private Slot[] taken(LeaseRequest ask, Lease lease, Slot[] kept) {
        ImmutableList<String> names = ask.ways().get(lease.way());
        ShareTree.@Nullable Leaf[] nodes = processes.of(ask.who(), pools.size());
        Slot[] places = new Slot[names.size()];
        for (int i = 0; i < places.length; i++) {
            Pool pool = pool(names.get(i));
            ShareTree.Leaf process = nodes[pool.number()];
            if (process == null) {
                process = pool.tree().process(ask.who());
                nodes[pool.number()] = process;
            }
            if (i >= kept.length) {
                pool.take(process);
            }
            places[i] = new Slot(pool, process, lease);
        }
        return places;
    }

    private void give(Slot place) {
        if (place.pool().give(place)) {
            processes.remove(place.lease().ask().who(), place.pool().number());
        }
    }

    private static Optional<Shortage> objection(Lease lease) {
        for (Slot place : lease.places()) {
            Optional<Shortage> objection = place.pool().objection(place.process());
            if (objection.isPresent()) {
                return objection;
            }
        }
        return Optional.empty();
    }

    /** Where nobody is evicted none comes: that is asked first, as it costs nothing. */
    private static boolean areFreeSoon(Slot[] places) {
        boolean anyEvicted = false;
        for (Slot place : places) {
            anyEvicted |= place.pool().evicted() > 0;
        }
        if (!anyEvicted) {
            return false;
        }
        for (Slot place : places) {
            if (!isFreeSoon(place)) {
                return false;
            }
        }
        return true;
    }

    /** Whether there is a place, or there will be as soon as those are gone who were evicted. */
    private static boolean isFreeSoon(Slot place) {
        Pool pool = place.pool();
        return pool.objection(place.process()).isEmpty() || pool.isFreeSoon(place.process());
    }

    private static void evict(Lease victim, Consumer<Lease> evict) {
        boolean evictable = victim.isEvictable();
        victim.evict();
        for (Slot place : victim.places()) {
            if (evictable) {
                place.process().idle().remove(place);
            }
            place.process().forget(place);
            place.pool().tree().remove(place.process());
        }
        evict.accept(victim);
    }

    /**
     * From now on a flow moves bytes, and may be evicted when it doesn't.
     *
     * @param lease of the flow
     */
    public synchronized void activate(Lease lease) {
        if (lease.isStarting()) {
            lease.activate();
            for (Slot place : lease.places()) {
                place.pool().tree().addIdle(place);
            }
        }
    }

    /**
     * A flow was evicted and isn't closed, because it moved something in that moment. One that was preempted can't be spared: its
     * place is another's.
     *
     * @param lease of the flow
     */
    public synchronized void spare(Lease lease) {
        if (lease.isEvicted() && !lease.isPreempted()) {
            lease.activate();
            for (Slot place : lease.places()) {
                place.process().addOldest(place);
                place.pool().tree().add(place.process());
                place.pool().tree().addIdle(place);
            }
        }
    }

    /**
     * A flow has ended, and its places stay in use for a time whatever is done, such as a source port: it has none to give up.
     *
     * @param lease of the flow, which is released later
     */
    public synchronized void keep(Lease lease) {
        if (lease.counts() && !lease.isKept()) {
            lease.keep();
            for (Slot place : lease.places()) {
                place.process().forget(place);
            }
        }
    }

    /**
     * The system has let go of a flow. A lease that was released is nothing any more.
     *
     * @param lease of the flow
     * @param now in nanoseconds
     * @return what that changed for others
     */
    public synchronized BudgetChange release(Lease lease, long now) {
        if (lease.isReleased()) {
            return BudgetChange.NOTHING;
        }
        for (Slot place : lease.places()) {
            if (lease.counts() && !lease.isKept()) {
                place.process().forget(place);
            }
            give(place);
        }
        boolean active = lease.isEvictable();
        lease.release();
        if (active) {
            for (Slot place : lease.places()) {
                place.process().idle().remove(place);
            }
        }
        caps.remove(lease.counted());
        return turn(ImmutableList.of(), now);
    }

    /**
     * Time passed: flows may have become idle, and some may have waited for as long as they may.
     *
     * @param now in nanoseconds
     * @return what that changed
     */
    public synchronized BudgetChange tick(long now) {
        return turn(waiting.expired(now), now);
    }

    private BudgetChange turn(ImmutableList<Ticket> expired, long now) {
        ImmutableList.Builder<BudgetChange.Served> served = ImmutableList.builder();
        List<Lease> evicted = new ArrayList<>();
        Optional<BudgetChange.Served> next = next(now, evicted);
        while (next.isPresent()) {
            served.add(next.get());
            next = next(now, evicted);
        }
        return new BudgetChange(served.build(), expired, ImmutableList.copyOf(evicted));
    }

    /**
     * First comes a flow of the host with the fewest places, there of the user with the fewest, and so on inwards; of those with the
     * same, the one that came first.
     */
    private Optional<BudgetChange.Served> next(long now, List<Lease> evicted) {
        if (waiting.size() == 0) {
            return Optional.empty();
        }
        Set<FullFor> full = new HashSet<>();
        Set<Tried> tried = new HashSet<>();
        for (Ticket ticket : waiting.heads(this::placesAround)) {
            LeaseRequest ask = ticket.ask();
            FullFor user = new FullFor(ask.who().host(), ask.who().user(), ask.ways());
            if (full.contains(user) || caps.objection(ask).isPresent() || !tried.add(tried(ask))) {
                continue;
            }
            int before = evicted.size();
            Attempt attempt = attempt(ask, now, evicted);
            if (evicted.size() > before) {
                tried.clear();
            }
            if (attempt.lease.isPresent()) {
                waiting.remove(ticket);
                return Optional.of(new BudgetChange.Served(ticket, attempt.lease.get()));
            }
            if (attempt.shortage.orElseThrow() instanceof Shortage.Full) {
                full.add(user);
            }
        }
        return Optional.empty();
    }

    /** A user without a place in full pools: those of its flows that come later in the order have no better claim. */
    private record FullFor(String host, String user, ImmutableList<ImmutableList<String>> ways) {}

    /** What decides about a process that waits: of those of one executable with as many places each, one is asked for. */
    private record Tried(
            String host,
            String user,
            String executable,
            LimitClass limits,
            ImmutableList<ImmutableList<String>> ways,
            ImmutableList<ImmutableList<Integer>> places) {}

    private Tried tried(LeaseRequest ask) {
        Account who = ask.who();
        return new Tried(
                who.host(),
                who.user(),
                who.executable(),
                ask.limits(),
                ask.ways(),
                ask.ways().stream()
                        .map(way -> way.stream()
                                .map(name -> processes.count(who, pool(name).number()))
                                .collect(ImmutableList.toImmutableList()))
                        .collect(ImmutableList.toImmutableList()));
    }

    /** Places of the host, the user, the executable and the process, in the pool that all flows take a place of. */
    private ShareTree.Counts placesAround(LeaseRequest ask) {
        return pool(ask.ways().getFirst().getFirst()).tree().counts(ask.who());
    }

    /**
     * A flow doesn't wait any longer.
     *
     * @param ticket with which it waited
     * @return whether it still did
     */
    public synchronized boolean cancel(Ticket ticket) {
        return waiting.remove(ticket);
    }

    /** Whether nothing is left of any flow. */
    synchronized boolean isEmpty() {
        return waiting.size() == 0
                && caps.isEmpty()
                && processes.isEmpty()
                && pools.values().stream().allMatch(pool -> pool.tree().isEmpty());
    }

    /** {@return how many flows wait} */
    public synchronized int waiting() {
        return waiting.size();
    }

    /** {@return all pools, in the order in which they were added} */
    public synchronized ImmutableList<PoolView> pools() {
        return pools.values().stream().map(Pool::view).collect(ImmutableList.toImmutableList());
    }

    private Pool pool(String name) {
        Pool pool = pools.get(name);
        checkState(pool != null, "there is no pool %s", name);
        return pool;
    }
}

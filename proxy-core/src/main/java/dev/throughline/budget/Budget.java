package dev.throughline.budget;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.base.Preconditions.checkState;

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
 * The pools of a hop: grants, queues, evicts and releases leases by the rules of this package. Thread-safe. Times are
 * nanoseconds of one clock, which may overflow, such as {@link System#nanoTime}.
 *
 * <p>It only decides: the caller closes evicted flows, releases each lease once the system has released the flow, and calls
 * {@link #tick} for tickets that expire.
 */
public final class Budget {
    private final Map<String, Pool> pools = new LinkedHashMap<>();
    private final ProcessTable processes = new ProcessTable();
    private final CapCounts caps = new CapCounts();
    private final WaitQueue waiting;
    private long numbers;

    /**
     * Creates a budget without pools.
     *
     * @param maxWaiting how many flows may wait at once
     */
    public Budget(int maxWaiting) {
        this.waiting = new WaitQueue(maxWaiting);
    }

    /**
     * Adds a pool.
     *
     * @param name by which requests name it
     * @param capacity number of places, 0 or more
     * @param rule how its places are given
     * @return this
     * @throws IllegalArgumentException if there is a pool of this name
     */
    public synchronized Budget pool(String name, int capacity, PoolRule rule) {
        checkArgument(capacity >= 0, "%s: a capacity of %s", name, capacity);
        checkArgument(
                pools.putIfAbsent(name, new Pool(name, pools.size(), capacity, rule)) == null,
                "pool %s exists already",
                name);
        return this;
    }

    /**
     * Changes the capacity of a pool. Places in use stay in use.
     *
     * @param pool name of the pool
     * @param capacity number of places, 0 or more
     * @param now in nanoseconds
     * @return the effects on other flows
     */
    public synchronized BudgetChange capacity(String pool, int capacity, long now) {
        checkArgument(capacity >= 0, "%s: a capacity of %s", pool, capacity);
        pool(pool).capacity(capacity);
        return turn(List.of(), now);
    }

    /**
     * Requests a lease for a flow.
     *
     * @param ask the request
     * @param now in nanoseconds
     * @return the answer, and the flows that must be closed for it
     */
    public synchronized Admission ask(LeaseRequest ask, long now) {
        List<Lease> evicted = new ArrayList<>();
        Optional<Shortage> capped = caps.objection(ask);
        Attempt attempt = capped.isPresent() ? Attempt.none(capped.get()) : attempt(ask, now, evicted);
        if (attempt.lease.isPresent()) {
            return new Admission.Granted(attempt.lease.get(), attempt.shortage, evicted);
        }
        Shortage shortage = attempt.shortage.orElseGet(Shortage.NoWay::new);
        Duration wait = ask.limits().longestWait().isZero() && attempt.comes
                ? LimitClass.DEFAULT_WAIT
                : ask.limits().longestWait();
        long deadline = ask.since() + wait.toNanos();
        if (deadline - now <= 0 || ask.ways().isEmpty()) {
            return new Admission.Refused(shortage, evicted);
        }
        Ticket ticket = new Ticket(ask, numbers++, deadline, shortage);
        Optional<Ticket> displaced = waiting.add(ticket);
        if (displaced.filter(ticket::equals).isPresent()) {
            return new Admission.Refused(shortage, evicted);
        }
        return new Admission.Waiting(ticket, evicted, displaced);
    }

    /**
     * Requests another lease for a flow whose attempt on one way was cancelled. Its first places stay in use while the system
     * holds them, and the caller releases them separately; caps count the flow once.
     *
     * @param givenUp the lease of the cancelled attempt
     * @param ask the request, with the ways that are left
     * @param now in nanoseconds
     * @return the answer, and the flows that must be closed for it
     */
    public synchronized Admission askInstead(Lease givenUp, LeaseRequest ask, long now) {
        caps.remove(givenUp.counted());
        givenUp.counted(List.of());
        return ask(ask, now);
    }

    /**
     * The result of trying the ways of a request.
     *
     * @param shortage of the first way, if it has no place
     * @param comes whether a place becomes free for it once the evicted flows are closed
     */
    private record Attempt(Optional<Lease> lease, Optional<Shortage> shortage, boolean comes) {
        static Attempt none(Shortage why) {
            return new Attempt(Optional.empty(), Optional.of(why), false);
        }
    }

    /** Tries all ways, and again if flows were evicted: an eviction for the last way may have freed a place on the first. */
    private Attempt attempt(LeaseRequest ask, long now, List<Lease> evicted) {
        int before;
        Attempt attempt;
        do {
            before = evicted.size();
            attempt = attemptOnce(ask, now, evicted::add);
        } while (attempt.lease.isEmpty() && evicted.size() > before);
        return attempt.lease.isPresent() || attempt.comes ? attempt : preempted(ask, attempt, evicted);
    }

    /** If no way has a place, preempts the newest flow of the largest originator. The place is free when that flow is closed. */
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

    /** Preempts flows in the full pools of a way. Does nothing, and returns false, unless each of them can have a place. */
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
            place.process().byAge().addLast(place);
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

    /** Returns how many pools two ways have in common at their start, in which a place is kept between the attempts. */
    private static int common(List<String> one, List<String> other) {
        int same = 0;
        while (same < Math.min(one.size(), other.size()) && one.get(same).equals(other.get(same))) {
            same++;
        }
        return same;
    }

    /** Takes a place in each pool of the lease's way but the first ones, whose places are {@code kept}. */
    private Slot[] taken(LeaseRequest ask, Lease lease, Slot[] kept) {
        List<String> names = ask.ways().get(lease.way());
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

    /** Checks first whether any flow is evicted, which costs little: without one, no place becomes free soon. */
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

    /** Returns whether there is a place, or will be once the evicted flows are closed. */
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
            place.process().byAge().remove(place);
            place.pool().tree().remove(place.process());
        }
        evict.accept(victim);
    }

    /**
     * Marks a flow as relaying: from now on it may be evicted when it is idle.
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
     * Reverses the eviction of a flow that wasn't closed because it moved a byte meanwhile. Does nothing for a preempted flow,
     * whose place belongs to another.
     *
     * @param lease of the flow
     */
    public synchronized void spare(Lease lease) {
        if (lease.isEvicted() && !lease.isPreempted()) {
            lease.activate();
            for (Slot place : lease.places()) {
                place.process().byAge().addFirst(place);
                place.pool().tree().add(place.process());
                place.pool().tree().addIdle(place);
            }
        }
    }

    /**
     * Marks a flow as ended while its places stay in use for a time, as a source port does. It is not preempted any more, since
     * closing it would free nothing.
     *
     * @param lease of the flow, which the caller releases later
     */
    public synchronized void keep(Lease lease) {
        if (lease.counts() && !lease.isKept()) {
            lease.keep();
            for (Slot place : lease.places()) {
                place.process().byAge().remove(place);
            }
        }
    }

    /**
     * Releases a lease, once the system has released the flow. Does nothing if the lease is released.
     *
     * @param lease of the flow
     * @param now in nanoseconds
     * @return the effects on other flows
     */
    public synchronized BudgetChange release(Lease lease, long now) {
        if (lease.isReleased()) {
            return BudgetChange.NOTHING;
        }
        for (Slot place : lease.places()) {
            if (lease.counts() && !lease.isKept()) {
                place.process().byAge().remove(place);
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
        return turn(List.of(), now);
    }

    /**
     * Ends the wait of tickets whose time is over, and serves others if flows have become idle.
     *
     * @param now in nanoseconds
     * @return the effects
     */
    public synchronized BudgetChange tick(long now) {
        return turn(waiting.expired(now), now);
    }

    private BudgetChange turn(List<Ticket> expired, long now) {
        List<BudgetChange.Served> served = new ArrayList<>();
        List<Lease> evicted = new ArrayList<>();
        Optional<BudgetChange.Served> next = next(now, evicted);
        while (next.isPresent()) {
            served.add(next.get());
            next = next(now, evicted);
        }
        return new BudgetChange(served, expired, evicted);
    }

    /**
     * Serves a flow of the host with the fewest places, within it of the user with the fewest and so on inwards; of equals, the one
     * that came first.
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

    /** A user for whom all pools of these ways are full: its flows that come later in the order get no place either. */
    private record FullFor(String host, String user, List<List<String>> ways) {}

    /** All that decides about a waiting process: of several equal processes of one executable, one is tried. */
    private record Tried(
            String host,
            String user,
            String executable,
            LimitClass limits,
            List<List<String>> ways,
            List<List<Integer>> places) {}

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
                                .toList())
                        .toList());
    }

    /** Returns the places of the host, user, executable and process in the first pool, in which every flow has a place. */
    private ShareTree.Counts placesAround(LeaseRequest ask) {
        return pool(ask.ways().getFirst().getFirst()).tree().counts(ask.who());
    }

    /**
     * Cancels the wait of a flow.
     *
     * @param ticket with which it waits
     * @return whether it still waited
     */
    public synchronized boolean cancel(Ticket ticket) {
        return waiting.remove(ticket);
    }

    /** Returns whether no state of any flow is left. */
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

    /** {@return snapshots of all pools, in the order in which they were added} */
    public synchronized List<PoolView> pools() {
        return pools.values().stream().map(Pool::view).toList();
    }

    private Pool pool(String name) {
        Pool pool = pools.get(name);
        checkState(pool != null, "there is no pool %s", name);
        return pool;
    }
}

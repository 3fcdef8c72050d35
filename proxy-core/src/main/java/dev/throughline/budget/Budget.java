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
     * @param maxWaiting maximum number of waiting flows
     */
    public Budget(int maxWaiting) {
        this.waiting = new WaitQueue(maxWaiting);
    }

    /**
     * Adds a pool.
     *
     * @param name the name that requests use
     * @param capacity number of slots, 0 or more
     * @param rule reserve and eviction marks
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
     * Changes the capacity of a pool. Slots in use stay in use.
     *
     * @param pool name of the pool
     * @param capacity number of slots, 0 or more
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
     * @param request the request
     * @param now in nanoseconds
     * @return the answer, and the flows that must be closed for it
     */
    public synchronized Admission request(LeaseRequest request, long now) {
        List<Lease> evicted = new ArrayList<>();
        Optional<Shortage> capped = caps.objection(request);
        Attempt attempt = capped.isPresent() ? Attempt.none(capped.get()) : attempt(request, now, evicted);
        if (attempt.lease.isPresent()) {
            return new Admission.Granted(
                    attempt.lease.get(), attempt.shortage, evicted.isEmpty() ? List.of() : evicted);
        }
        Shortage shortage = attempt.shortage.orElseGet(Shortage.NoAlternative::new);
        Duration wait = request.limits().longestWait().isZero() && attempt.willBeFree
                ? LimitClass.DEFAULT_WAIT
                : request.limits().longestWait();
        long deadline = request.since() + wait.toNanos();
        if (deadline - now <= 0 || request.alternatives().isEmpty()) {
            return new Admission.Refused(shortage, evicted);
        }
        Ticket ticket = new Ticket(request, numbers++, deadline, shortage);
        Optional<Ticket> displaced = waiting.add(ticket);
        if (displaced.filter(ticket::equals).isPresent()) {
            return new Admission.Refused(shortage, evicted);
        }
        return new Admission.Waiting(ticket, evicted, displaced);
    }

    /**
     * Requests another lease for a flow whose attempt was cancelled. The slots of the first lease stay in use until the caller
     * releases them separately; caps count the flow once.
     *
     * @param givenUp the lease of the cancelled attempt
     * @param request the request, with the remaining alternatives
     * @param now in nanoseconds
     * @return the answer, and the flows that must be closed for it
     */
    public synchronized Admission requestInstead(Lease givenUp, LeaseRequest request, long now) {
        caps.remove(givenUp.counted());
        givenUp.counted(List.of());
        return request(request, now);
    }

    /**
     * The result of trying the alternatives of a request.
     *
     * @param shortage the shortage of the first alternative, if it has no slot
     * @param willBeFree whether a slot becomes free for it once the evicted flows are closed
     */
    private record Attempt(Optional<Lease> lease, Optional<Shortage> shortage, boolean willBeFree) {
        static Attempt none(Shortage why) {
            return new Attempt(Optional.empty(), Optional.of(why), false);
        }
    }

    /**
     * Tries all alternatives, and again if flows were evicted: an eviction for the last one may have freed a slot for the
     * first.
     */
    private Attempt attempt(LeaseRequest request, long now, List<Lease> evicted) {
        int before;
        Attempt attempt;
        do {
            before = evicted.size();
            attempt = attemptOnce(request, now, evicted);
        } while (attempt.lease.isEmpty() && evicted.size() > before);
        return attempt.lease.isPresent() || attempt.willBeFree ? attempt : preempted(request, attempt, evicted);
    }

    /**
     * Preempts the newest flow of the largest originator if no alternative has a slot. The slot is free when that flow is
     * closed.
     */
    private Attempt preempted(LeaseRequest request, Attempt refused, List<Lease> evicted) {
        boolean willBeFree = false;
        for (int alternative = 0; alternative < alternatives(request) && !willBeFree; alternative++) {
            Lease lease = new Lease(request, numbers, alternative);
            lease.slots(taken(request, lease, new Slot[] {}));
            willBeFree = preempt(lease, evicted);
            giveAll(lease);
        }
        return new Attempt(Optional.empty(), refused.shortage, willBeFree);
    }

    /**
     * Preempts flows in the full pools of an alternative. Does nothing, and returns false, unless each pool can provide a slot.
     */
    private static boolean preempt(Lease lease, List<Lease> evicted) {
        for (Slot slot : lease.slots()) {
            if (!slot.pool().hasSlotSoon(slot.process())
                    && slot.pool().giver(slot.process()).isEmpty()) {
                return false;
            }
        }
        for (Slot slot : lease.slots()) {
            if (!slot.pool().hasSlotSoon(slot.process())) {
                slot.pool().giver(slot.process()).ifPresent(victim -> {
                    victim.lease().preempt();
                    evict(victim.lease(), evicted);
                });
            }
        }
        return true;
    }

    private Lease granted(Lease lease) {
        numbers++;
        lease.counted(caps.add(lease.request()));
        for (Slot slot : lease.slots()) {
            slot.process().byAge().addLast(slot);
        }
        return lease;
    }

    private void giveAll(Lease lease) {
        for (Slot slot : lease.slots()) {
            give(slot);
        }
    }

    private static int alternatives(LeaseRequest request) {
        return request.limits().fallsOver()
                ? request.alternatives().size()
                : Math.min(1, request.alternatives().size());
    }

    private Attempt attemptOnce(LeaseRequest request, long now, List<Lease> evicted) {
        Optional<Shortage> first = Optional.empty();
        boolean willBeFree = false;
        int alternatives = alternatives(request);
        Slot[] kept = {};
        for (int alternative = 0; alternative < alternatives; alternative++) {
            Lease lease = new Lease(request, numbers, alternative);
            lease.slots(taken(request, lease, kept));
            for (Slot slot : lease.slots()) {
                Pool pool = slot.pool();
                if (pool.mayEvictIdle()) {
                    pool.evictIdle(now, victim -> evict(victim, evicted));
                }
            }
            Optional<Shortage> objection = objection(lease);
            if (objection.isEmpty()) {
                return new Attempt(Optional.of(granted(lease)), first, false);
            }
            willBeFree |= areFreeSoon(lease.slots());
            int same = alternative + 1 < alternatives
                    ? common(
                            request.alternatives().get(alternative),
                            request.alternatives().get(alternative + 1))
                    : 0;
            kept = Arrays.copyOf(lease.slots(), same);
            for (int i = same; i < lease.slots().length; i++) {
                give(lease.slots()[i]);
            }
            if (first.isEmpty()) {
                first = objection;
            }
        }
        return new Attempt(Optional.empty(), first, willBeFree);
    }

    /** Returns the number of pools that two alternatives share at their start. Their slots are kept between the attempts. */
    private static int common(List<String> one, List<String> other) {
        int same = 0;
        while (same < Math.min(one.size(), other.size()) && one.get(same).equals(other.get(same))) {
            same++;
        }
        return same;
    }

    /** Takes a slot in each pool of the lease's alternative, except the first ones, whose slots are {@code kept}. */
    private Slot[] taken(LeaseRequest request, Lease lease, Slot[] kept) {
        List<String> names = request.alternatives().get(lease.alternative());
        ShareTree.@Nullable Leaf[] nodes = processes.of(request.account(), pools.size());
        Slot[] slots = new Slot[names.size()];
        for (int i = 0; i < slots.length; i++) {
            Pool pool = pool(names.get(i));
            ShareTree.Leaf process = nodes[pool.number()];
            if (process == null) {
                process = pool.tree().process(request.account());
                nodes[pool.number()] = process;
            }
            if (i >= kept.length) {
                pool.take(process);
            }
            slots[i] = new Slot(pool, process, lease);
        }
        return slots;
    }

    private void give(Slot slot) {
        if (slot.pool().give(slot)) {
            processes.remove(slot.lease().request().account(), slot.pool().number());
        }
    }

    private static Optional<Shortage> objection(Lease lease) {
        for (Slot slot : lease.slots()) {
            Optional<Shortage> objection = slot.pool().objection(slot.process());
            if (objection.isPresent()) {
                return objection;
            }
        }
        return Optional.empty();
    }

    /**
     * Returns whether all slots become free once the evicted flows are closed. Without an evicted flow, which is cheap to
     * check, none does.
     */
    private static boolean areFreeSoon(Slot[] slots) {
        boolean anyEvicted = false;
        for (Slot slot : slots) {
            anyEvicted |= slot.pool().evicted() > 0;
        }
        if (!anyEvicted) {
            return false;
        }
        for (Slot slot : slots) {
            if (!isFreeSoon(slot)) {
                return false;
            }
        }
        return true;
    }

    /** Returns whether a slot is free, or will be once the evicted flows are closed. */
    private static boolean isFreeSoon(Slot slot) {
        Pool pool = slot.pool();
        return pool.objection(slot.process()).isEmpty() || pool.isFreeSoon(slot.process());
    }

    private static void evict(Lease victim, List<Lease> evicted) {
        boolean evictable = victim.isEvictable();
        victim.evict();
        for (Slot slot : victim.slots()) {
            if (evictable) {
                slot.pool().tree().removeIdle(slot);
            }
            slot.process().byAge().remove(slot);
            slot.pool().tree().remove(slot.process());
        }
        evicted.add(victim);
    }

    /**
     * Marks a flow as relaying: from now on it may be evicted when it is idle.
     *
     * @param lease of the flow
     */
    public synchronized void activate(Lease lease) {
        if (lease.isStarting() && !lease.isKept()) {
            lease.activate();
            for (Slot slot : lease.slots()) {
                slot.pool().tree().addIdle(slot);
            }
        }
    }

    /**
     * Reverses the eviction of a flow that wasn't closed because it moved a byte meanwhile. Does nothing for a preempted flow,
     * whose slot belongs to another.
     *
     * @param lease of the flow
     */
    public synchronized void spare(Lease lease) {
        if (lease.isEvicted() && !lease.isPreempted()) {
            lease.activate();
            for (Slot slot : lease.slots()) {
                slot.process().byAge().addFirst(slot);
                slot.pool().tree().add(slot.process());
                slot.pool().tree().addIdle(slot);
            }
        }
    }

    /**
     * Marks a flow as ended while its slots stay in use for a time, as source ports do. It is no longer evicted or preempted,
     * since closing it would free nothing.
     *
     * @param lease of the flow, which the caller releases later
     */
    public synchronized void keep(Lease lease) {
        if (lease.counts() && !lease.isKept()) {
            for (Slot slot : lease.slots()) {
                slot.process().byAge().remove(slot);
                if (lease.isEvictable()) {
                    slot.pool().tree().removeIdle(slot);
                }
            }
            lease.keep();
        }
    }

    /**
     * Releases a lease, once the system has released the flow. Does nothing if the lease was released before.
     *
     * @param lease of the flow
     * @param now in nanoseconds
     * @return the effects on other flows
     */
    public synchronized BudgetChange release(Lease lease, long now) {
        if (lease.isReleased()) {
            return BudgetChange.NOTHING;
        }
        for (Slot slot : lease.slots()) {
            if (lease.counts() && !lease.isKept()) {
                slot.process().byAge().remove(slot);
            }
            if (lease.isEvictable()) {
                slot.pool().tree().removeIdle(slot);
            }
            give(slot);
        }
        lease.release();
        caps.remove(lease.counted());
        return turn(List.of(), now);
    }

    /**
     * Expires tickets, and serves others if flows have become idle.
     *
     * @param now in nanoseconds
     * @return the effects
     */
    public synchronized BudgetChange tick(long now) {
        return turn(waiting.expired(now), now);
    }

    private BudgetChange turn(List<Ticket> expired, long now) {
        if (expired.isEmpty() && waiting.size() == 0) {
            return BudgetChange.NOTHING;
        }
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
     * Serves the next waiting flow: that of the host with the fewest slots, then of its user with the fewest, and so on; the
     * oldest among equals.
     */
    private Optional<BudgetChange.Served> next(long now, List<Lease> evicted) {
        if (waiting.size() == 0) {
            return Optional.empty();
        }
        Set<BlockedUser> full = new HashSet<>();
        Set<RequestKey> tried = new HashSet<>();
        for (Ticket ticket : waiting.heads(this::slotsAround)) {
            LeaseRequest request = ticket.request();
            BlockedUser user =
                    new BlockedUser(request.account().host(), request.account().user(), request.alternatives());
            if (full.contains(user) || caps.objection(request).isPresent() || !tried.add(key(request))) {
                continue;
            }
            int before = evicted.size();
            Attempt attempt = attempt(request, now, evicted);
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

    /** A user for whom all pools of these alternatives are full: the user's later flows get no slot either. */
    private record BlockedUser(String host, String user, List<List<String>> alternatives) {}

    /**
     * The properties of a waiting process that determine the result: of several equal processes of one executable, only one is
     * tried.
     */
    private record RequestKey(
            String host,
            String user,
            String executable,
            LimitClass limits,
            List<List<String>> alternatives,
            List<List<Integer>> slots) {}

    private RequestKey key(LeaseRequest request) {
        Account who = request.account();
        return new RequestKey(
                who.host(),
                who.user(),
                who.executable(),
                request.limits(),
                request.alternatives(),
                request.alternatives().stream()
                        .map(alternative -> alternative.stream()
                                .map(name -> processes.count(who, pool(name).number()))
                                .toList())
                        .toList());
    }

    /** Returns the slots of the host, user, executable and process in the first pool, in which every flow has a slot. */
    private ShareTree.Counts slotsAround(LeaseRequest request) {
        return pool(request.alternatives().getFirst().getFirst()).tree().counts(request.account());
    }

    /**
     * Cancels the wait of a flow.
     *
     * @param ticket the flow's ticket
     * @return whether it was waiting
     */
    public synchronized boolean cancel(Ticket ticket) {
        return waiting.remove(ticket);
    }

    /** Returns whether no flow is left. */
    synchronized boolean isEmpty() {
        return waiting.size() == 0
                && caps.isEmpty()
                && processes.isEmpty()
                && pools.values().stream().allMatch(pool -> pool.tree().isEmpty());
    }

    /** {@return the number of waiting flows} */
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

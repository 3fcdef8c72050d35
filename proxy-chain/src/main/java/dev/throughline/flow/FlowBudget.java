package dev.throughline.flow;

import com.google.common.collect.HashMultiset;
import com.google.common.collect.ImmutableSet;
import com.google.common.collect.MapMaker;
import com.google.common.collect.Multiset;
import dev.throughline.budget.Account;
import dev.throughline.budget.Admission;
import dev.throughline.budget.Budget;
import dev.throughline.budget.BudgetChange;
import dev.throughline.budget.Lease;
import dev.throughline.budget.LeaseRequest;
import dev.throughline.budget.PoolRule;
import dev.throughline.budget.PoolView;
import dev.throughline.budget.Shortage;
import dev.throughline.budget.Ticket;
import dev.throughline.originator.HostId;
import dev.throughline.originator.Originator;
import dev.throughline.platform.PeriodicTask;
import dev.throughline.transport.ConnectFailedException;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The budget of a hop's flows. It carries out the decisions of {@link Budget}: evicted flows are closed and waiting flows
 * continue, each on its own event loop. A timer ends waits that take too long. An originator that is limited is logged once.
 */
public final class FlowBudget implements MeterBinder, AutoCloseable {
    /** The pool of all flows of a hop. */
    public static final String HOP = "hop";

    /** Pool name for caps in metrics and events. */
    public static final String CLASS = "class";

    /** The reason when a cap of a class is reached. */
    public static final String CAP = "cap";

    private static final String PORTS = "ports to ";

    /** The reasons when a pool has no slot. */
    public static final ImmutableSet<String> SHORTAGES = ImmutableSet.of("full", "reserved");

    /** Interval in which expired tickets and idle flows are checked. */
    private static final long PAUSE_MILLIS = 50;

    private static final Logger LOG = LoggerFactory.getLogger(FlowBudget.class);

    /** The receiver of a lease, on the flow's event loop. */
    interface LeaseListener {
        void granted(Lease lease);

        void refused(FlowRejectedException why);
    }

    /**
     * The pools in which flows of a route need a slot.
     *
     * @param ports alternatives for the request of a source port; empty if the ports to the next hop have no pool
     * @param slots alternatives for the request of a slot, one for each transport of the route
     */
    record RoutePools(List<List<String>> ports, List<List<String>> slots) {
        RoutePools {
            slots = List.copyOf(slots);
        }
    }

    private record Waiter(Flow flow, LeaseListener listener) {}

    /** A port that the kernel keeps for a time after its flow. */
    private record KeptPort(Lease lease, long untilNanos) {}

    /**
     * Guards the budget with the maps beside it. Not a monitor: several loops contend for it, and the monitor that it becomes then
     * costs a call into the JVM each time.
     */
    private final Lock lock = new ReentrantLock();

    private final Budget budget;
    private final PoolRule rule;
    private final Accounts accounts;
    private final Function<HostId, String> hostNames;
    private final BudgetEvents events;
    private final Set<String> names = ConcurrentHashMap.newKeySet();
    /** Computed once for each route, since each flow needs them. A route that a reload has replaced is dropped. */
    private final ConcurrentMap<Route, RoutePools> routes =
            new MapMaker().weakKeys().makeMap();

    private final Map<Lease, Flow> holders = new ConcurrentHashMap<>();
    private final Map<Ticket, Waiter> waiters = new ConcurrentHashMap<>();
    /** By the few times for which ports are kept; those of one time in the order in which they become free. */
    private final Map<Duration, Queue<KeptPort>> keptPorts = new HashMap<>();

    private final EpisodeLog fallbacks = new EpisodeLog(LOG::warn);
    private final EpisodeLog limited = new EpisodeLog(LOG::warn);
    private final HostShortages shortages = new HostShortages(this::largestHolder, LOG::warn);
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("budget-clock").daemon().factory());

    /**
     * Creates the budget of a hop.
     *
     * @param flows maximum number of open flows
     * @param maxWaiting maximum number of waiting flows
     * @param accounts maps originators to accounts
     * @param hostNames returns the name of a host for the log
     * @param events are notified
     */
    public FlowBudget(
            int flows,
            PoolRule rule,
            int maxWaiting,
            Accounts accounts,
            Function<HostId, String> hostNames,
            BudgetEvents events) {
        this.accounts = accounts;
        this.budget = new Budget(maxWaiting).pool(HOP, flows, rule);
        this.rule = rule;
        this.hostNames = hostNames;
        this.events = events;
        clock.scheduleWithFixedDelay(
                new PeriodicTask("budget clock", this::tick), PAUSE_MILLIS, PAUSE_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** Returns the executor that ends waits. */
    public Executor clock() {
        return clock;
    }

    /** Returns the name of the pool of flows to a next hop. */
    public static String toHop(String name) {
        return "to " + name;
    }

    /** Returns the name of the pool of source ports to a next hop. */
    public static String portsTo(String name) {
        return PORTS + name;
    }

    /** Adds a pool, for a transport or {@link #toHop}. */
    public FlowBudget pool(String name, int capacity) {
        budget.pool(name, capacity, rule);
        names.add(name);
        return this;
    }

    /** Changes the capacity of a pool. */
    public void capacity(String pool, int capacity) {
        lock.lock();
        try {
            act(budget.capacity(pool, capacity, System.nanoTime()));
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        for (PoolView pool : budget.pools()) {
            String name = pool.name();
            Gauge.builder("throughline.budget.in.use", () -> view(name).inUse())
                    .description("Slots in use")
                    .tag("pool", name)
                    .register(registry);
            Gauge.builder("throughline.budget.capacity", () -> view(name).capacity())
                    .description("Slots in total")
                    .tag("pool", name)
                    .register(registry);
            SHORTAGES.forEach(reason -> bindWaiting(registry, name, reason));
        }
        bindWaiting(registry, CLASS, CAP);
    }

    private void bindWaiting(MeterRegistry registry, String pool, String reason) {
        Gauge.builder("throughline.budget.waiting", () -> waiting(pool, reason))
                .description("Flows that wait for a slot")
                .tags("pool", pool, "reason", reason)
                .register(registry);
    }

    private PoolView view(String name) {
        return budget.pools().stream()
                .filter(pool -> pool.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    /** Returns the account of a connection by its user on this host, before anything else is known. */
    Account ownUser(int uid) {
        return accounts.ofOwnUser(uid);
    }

    /** Returns the account of an originator. */
    Account account(Originator who) {
        return accounts.of(who);
    }

    /** Returns the pools in which flows of a route need a slot. */
    RoutePools pools(Route route) {
        RoutePools known = routes.get(route);
        return known != null ? known : routes.computeIfAbsent(route, this::newPools);
    }

    private RoutePools newPools(Route route) {
        String ports = portsTo(route.next().name());
        String next = toHop(route.next().name());
        return new RoutePools(
                names.contains(ports) ? List.of(List.of(ports)) : List.of(),
                route.over().stream()
                        .map(transport ->
                                names.contains(next) ? List.of(HOP, transport, next) : List.of(HOP, transport))
                        .toList());
    }

    /**
     * Requests a lease for {@code flow}, on its loop. The listener is called within the longest wait of its class, or at once.
     *
     * @param givenUp the lease of an abandoned attempt, which the new one replaces
     * @return the ticket of a request that waits
     */
    Optional<Ticket> lease(
            Flow flow, HostId host, LeaseRequest request, Optional<Lease> givenUp, LeaseListener listener) {
        Admission admission;
        FlowRejectedException refusal = null;
        // A request that is served at once must find its waiter.
        lock.lock();
        try {
            long now = System.nanoTime();
            admission = givenUp.isPresent()
                    ? budget.requestInstead(givenUp.get(), request, now)
                    : budget.request(request, now);
            if (!admission.evicted().isEmpty()) {
                admission.evicted().forEach(this::evict);
            }
            if (admission instanceof Admission.Granted granted) {
                holders.put(granted.lease(), flow);
                if (granted.passedOver().isPresent()) {
                    Shortage why = granted.passedOver().get();
                    fellOver(pool(why), reason(why), reason(why));
                }
            } else if (admission instanceof Admission.Waiting waiting) {
                Shortage shortage = waiting.ticket().shortage();
                limited(request.account(), host, shortage, now);
                events.waited(pool(shortage), reason(shortage));
                waiters.put(waiting.ticket(), new Waiter(flow, listener));
                waiting.displaced().ifPresent(this::refuse);
                return Optional.of(waiting.ticket());
            } else if (admission instanceof Admission.Refused no) {
                limited(request.account(), host, no.shortage(), now);
                refusal = refusal(no.shortage(), "");
            }
        } finally {
            lock.unlock();
        }
        // Outside the lock, since they run the rest of the flow.
        if (admission instanceof Admission.Granted granted) {
            listener.granted(granted.lease());
        } else {
            listener.refused(Objects.requireNonNull(refusal));
        }
        return Optional.empty();
    }

    private void limited(Account who, HostId host, Shortage why, long now) {
        String executable = who.executable() + " of user " + who.user() + " on " + hostNames.apply(host);
        limited.record(executable, "flows are limited", why::toString, now);
    }

    private static String pool(Shortage shortage) {
        return switch (shortage) {
            case Shortage.Full(String pool) -> pool;
            case Shortage.Reserved(String pool) -> pool;
            case Shortage.Capped capped -> CLASS;
            case Shortage.NoAlternative none -> HOP;
        };
    }

    private static String reason(Shortage shortage) {
        return switch (shortage) {
            case Shortage.Full full -> "full";
            case Shortage.Reserved reserved -> "reserved";
            case Shortage.Capped capped -> CAP;
            case Shortage.NoAlternative none -> "no-transport";
        };
    }

    private FlowRejectedException refusal(Shortage shortage, String how) {
        events.refused(pool(shortage), reason(shortage));
        CloseReason reason = shortage instanceof Shortage.Capped
                ? CloseReason.CLASS_LIMIT
                : pool(shortage).startsWith(PORTS) ? CloseReason.NO_PORTS : CloseReason.NO_SLOT;
        return new FlowRejectedException(reason, shortage + how);
    }

    /** Records that an attempt over {@code transport} failed and that its flow continues over another one. */
    void fellOver(String transport, ConnectFailedException why) {
        fellOver(transport, why.failure().toString(), why.code());
    }

    /**
     * Records that a flow continues over another transport.
     *
     * @param reason for the metrics, one of a fixed set
     * @param text for the log
     */
    private void fellOver(String transport, String reason, String text) {
        lock.lock();
        try {
            fallbacks.record(
                    "transport " + transport, "flows fail over to the next transport", () -> text, System.nanoTime());
        } finally {
            lock.unlock();
        }
        events.fellOver(transport, reason);
    }

    /** Marks a flow as relaying: from now on it can be evicted when idle. */
    void activate(Lease lease) {
        lock.lock();
        try {
            budget.activate(lease);
        } finally {
            lock.unlock();
        }
    }

    /** Releases a lease after the system has released the connection. */
    void release(Lease lease) {
        lock.lock();
        try {
            holders.remove(lease);
            act(budget.release(lease, System.nanoTime()));
        } finally {
            lock.unlock();
        }
    }

    /** Releases a lease of a port when the kernel no longer keeps the port. */
    void releaseAfter(Lease lease, Duration time) {
        lock.lock();
        try {
            holders.remove(lease);
            budget.keep(lease);
            keptPorts
                    .computeIfAbsent(time, any -> new ArrayDeque<>())
                    .add(new KeptPort(lease, System.nanoTime() + time.toNanos()));
        } finally {
            lock.unlock();
        }
    }

    /** Cancels a waiting request. Its listener isn't called any more. */
    void giveUp(Ticket ticket) {
        lock.lock();
        try {
            if (budget.cancel(ticket)) {
                waiters.remove(ticket);
            }
        } finally {
            lock.unlock();
        }
    }

    private void tick() {
        lock.lock();
        try {
            long now = System.nanoTime();
            limited.endQuiet(now);
            fallbacks.endQuiet(now);
            shortages.endEpisodes(now);
            shortages.probe(now);
            releaseKeptPorts(now);
            if (budget.waiting() > 0) {
                act(budget.tick(now));
            }
        } finally {
            lock.unlock();
        }
    }

    private void releaseKeptPorts(long now) {
        for (Queue<KeptPort> kept : keptPorts.values()) {
            for (KeptPort port = kept.peek(); port != null && port.untilNanos - now <= 0; port = kept.peek()) {
                kept.remove();
                act(budget.release(port.lease, now));
            }
        }
    }

    private void act(BudgetChange turn) {
        if (turn.isNothing()) {
            return;
        }
        turn.evicted().forEach(this::evict);
        turn.expired().forEach(this::refuse);
        for (BudgetChange.Served served : turn.served()) {
            Waiter waiter = waiters.remove(served.ticket());
            if (waiter != null) {
                holders.put(served.lease(), waiter.flow);
                waiter.flow.loop().execute(() -> waiter.listener.granted(served.lease()));
            }
        }
    }

    private void refuse(Ticket ticket) {
        Waiter waiter = waiters.remove(ticket);
        if (waiter != null) {
            FlowRejectedException refused = refusal(ticket.shortage(), ", and no slot became free while it waited");
            waiter.flow.loop().execute(() -> waiter.listener.refused(refused));
        }
    }

    /** Evicts a flow, on its event loop, unless it moved a byte meanwhile. */
    private void evict(Lease lease) {
        Flow flow = holders.get(lease);
        if (flow == null) {
            return;
        }
        flow.loop().execute(() -> {
            if (lease.isReleased()) {
                return;
            }
            if (lease.isPreempted()) {
                events.evicted(transport(lease), "preempted");
                flow.stop(CloseReason.PREEMPTED);
            } else if (System.nanoTime() - flow.movedNanos() < rule.idleFloor().toNanos()) {
                budget.spare(lease);
            } else {
                events.evicted(transport(lease), "idle");
                flow.stop(CloseReason.EVICTED);
            }
        });
    }

    /** Returns the transport of a lease: the pool after that of the hop. The lease of a port has only one pool. */
    private static String transport(Lease lease) {
        List<String> pools = lease.request().alternatives().get(lease.alternative());
        return pools.get(Math.min(1, pools.size() - 1));
    }

    /** Returns the user with most flows that have a lease or wait for one, in words; empty if there are none. */
    Optional<String> largestHolder() {
        Multiset<UserOfHost> flows = HashMultiset.create();
        Map<UserOfHost, Flow> examples = new HashMap<>();
        holders.forEach((lease, flow) -> {
            if (isOfFlow(lease)) {
                UserOfHost who = UserOfHost.of(lease.request().account());
                flows.add(who);
                examples.putIfAbsent(who, flow);
            }
        });
        waiters.forEach((ticket, waiter) -> {
            UserOfHost who = UserOfHost.of(ticket.request().account());
            flows.add(who);
            examples.putIfAbsent(who, waiter.flow);
        });
        return flows.entrySet().stream()
                .max(Comparator.comparingInt(Multiset.Entry::getCount))
                .map(most -> "most flows: user %s on %s, %d of %d"
                        .formatted(
                                most.getElement().user(),
                                hostName(Objects.requireNonNull(examples.get(most.getElement()))),
                                most.getCount(),
                                flows.size()));
    }

    /** Returns whether a lease is of a flow. A flow to a next hop also has a lease of a port. */
    private static boolean isOfFlow(Lease lease) {
        return lease.request().alternatives().get(lease.alternative()).contains(HOP);
    }

    private String hostName(Flow flow) {
        return flow.view().originator().map(Originator::host).map(hostNames).orElse(Account.UNKNOWN);
    }

    /** Returns the shortages of this host. */
    public HostShortages shortages() {
        return shortages;
    }

    /** Returns a snapshot of all pools. */
    public List<PoolView> pools() {
        return budget.pools();
    }

    /** Returns the number of slots in use in a pool. */
    int inUse(String pool) {
        return budget.pools().stream()
                .filter(view -> view.name().equals(pool))
                .mapToInt(PoolView::inUse)
                .sum();
    }

    /** Returns the number of waiting flows. */
    public int waiting() {
        return budget.waiting();
    }

    /**
     * Returns the number of flows that wait for a pool, by a reason of {@link #SHORTAGES}; or for {@link #CLASS}, by {@link
     * #CAP}.
     */
    public long waiting(String pool, String reason) {
        return waiters.keySet().stream()
                .map(Ticket::shortage)
                .filter(shortage ->
                        pool(shortage).equals(pool) && reason(shortage).equals(reason))
                .count();
    }

    @Override
    public void close() {
        clock.shutdownNow();
    }
}

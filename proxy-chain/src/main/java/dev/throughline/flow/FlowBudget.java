package dev.throughline.flow;

import com.google.common.collect.ImmutableList;
import dev.throughline.budget.Admission;
import dev.throughline.budget.Ask;
import dev.throughline.budget.Budget;
import dev.throughline.budget.Claimant;
import dev.throughline.budget.Lease;
import dev.throughline.budget.LimitClass;
import dev.throughline.budget.PoolRule;
import dev.throughline.budget.PoolView;
import dev.throughline.budget.Shortage;
import dev.throughline.budget.Ticket;
import dev.throughline.budget.Turn;
import dev.throughline.originator.HostId;
import dev.throughline.originator.Originator;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The places of this hop's flows. What {@link Budget} decides is done here: whoever is evicted is told to close, and whoever
 * waited goes on, each on its own event loop. A clock of its own ends the wait of those who wait too long. An originator that
 * is limited is logged, once.
 */
public final class FlowBudget implements AutoCloseable {
    /** The pool of all flows of a hop. */
    public static final String HOP = "hop";

    /** The pool of those that go on over plain sockets. */
    public static final String BSD_SOCKET = "bsd-socket";

    private static final ImmutableList<ImmutableList<String>> WAYS =
            ImmutableList.of(ImmutableList.of(HOP, BSD_SOCKET));

    /** So often it is looked who waited long enough, and who became idle. */
    private static final long PAUSE_MILLIS = 50;

    private static final Logger LOG = LoggerFactory.getLogger(FlowBudget.class);

    private record Waiter(Flow flow, CompletableFuture<Lease> answer) {}

    private final Budget budget;
    private final PoolRule rule;
    private final Function<HostId, String> hostNames;
    private final Map<Lease, Flow> holders = new ConcurrentHashMap<>();
    private final Map<Ticket, Waiter> waiters = new ConcurrentHashMap<>();
    private final LimitedOriginators limited = new LimitedOriginators(LOG::warn);
    private final LongAdder refused = new LongAdder();
    private final LongAdder waited = new LongAdder();
    private final LongAdder evicted = new LongAdder();
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("budget-clock").daemon().factory());

    /**
     * A budget for a hop.
     *
     * @param flows that it may have at once
     * @param sockets that it may have open onwards
     * @param maxWaiting how many flows may wait for a place
     * @param hostNames what people call a host
     */
    public FlowBudget(int flows, int sockets, PoolRule rule, int maxWaiting, Function<HostId, String> hostNames) {
        this.budget = new Budget(maxWaiting).pool(HOP, flows, rule).pool(BSD_SOCKET, sockets, rule);
        this.rule = rule;
        this.hostNames = hostNames;
        var _ = clock.scheduleWithFixedDelay(this::tick, PAUSE_MILLIS, PAUSE_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** Asks for a place for {@code flow}; it has one, or is {@link Refused}, within the time that its class says. */
    CompletableFuture<Lease> lease(Flow flow, Originator originator, Optional<String> hostName, LimitClass limits) {
        Claimant who = Claimants.of(originator);
        CompletableFuture<Lease> answer = new CompletableFuture<>();
        Ask ask = new Ask(who, Claimants.destination(originator, hostName), limits, WAYS, System.nanoTime(), flow::movedNanos);
        // Whoever is served at once must find its waiter there.
        synchronized (this) {
            long now = System.nanoTime();
            Admission admission = budget.ask(ask, now);
            admission.evicted().forEach(this::evict);
            switch (admission) {
                case Admission.Granted granted -> {
                    holders.put(granted.lease(), flow);
                    answer.complete(granted.lease());
                }
                case Admission.Waiting waiting -> {
                    waited.increment();
                    limited.limited(
                            who,
                            hostNames.apply(originator.host()),
                            waiting.ticket().shortage(),
                            now);
                    waiters.put(waiting.ticket(), new Waiter(flow, answer));
                    waiting.displaced().ifPresent(this::refuse);
                }
                case Admission.Refused no -> {
                    refused.increment();
                    limited.limited(who, hostNames.apply(originator.host()), no.shortage(), now);
                    answer.completeExceptionally(refusal(no.shortage(), ""));
                }
            }
        }
        return answer;
    }

    private static Refused refusal(Shortage shortage, String how) {
        CloseReason reason = shortage instanceof Shortage.Capped ? CloseReason.CLASS_LIMIT : CloseReason.NO_PLACE;
        return new Refused(reason, shortage + how);
    }

    /** The flow moves bytes from now on, and may be evicted when it doesn't. */
    void activate(Lease lease) {
        budget.activate(lease);
    }

    /** The flow is over. */
    void release(Lease lease) {
        synchronized (this) {
            holders.remove(lease);
            act(budget.release(lease, System.nanoTime()));
        }
    }

    /** The flow doesn't wait any longer. */
    void giveUp(Flow flow) {
        synchronized (this) {
            waiters.forEach((ticket, waiter) -> {
                if (waiter.flow == flow && budget.cancel(ticket)) {
                    waiters.remove(ticket);
                    waiter.answer.completeExceptionally(new Refused(CloseReason.STOPPED, "while it waited"));
                }
            });
        }
    }

    private void tick() {
        try {
            synchronized (this) {
                long now = System.nanoTime();
                limited.look(now);
                if (budget.waiting() > 0) {
                    act(budget.tick(now));
                }
            }
        } catch (RuntimeException e) {
            // It must not end the clock: nobody would stop waiting.
            LOG.error("the budget's clock failed", e);
        }
    }

    private void act(Turn turn) {
        turn.evicted().forEach(this::evict);
        turn.expired().forEach(this::refuse);
        for (Turn.Served served : turn.served()) {
            Waiter waiter = waiters.remove(served.ticket());
            if (waiter != null) {
                holders.put(served.lease(), waiter.flow);
                waiter.answer.completeAsync(served::lease, waiter.flow.loop());
            }
        }
    }

    private void refuse(Ticket ticket) {
        Waiter waiter = waiters.remove(ticket);
        if (waiter != null) {
            refused.increment();
            waiter.flow
                    .loop()
                    .execute(() -> waiter.answer.completeExceptionally(
                            refusal(ticket.shortage(), ", and no place came free while it waited")));
        }
    }

    /** On its event loop it is asked once more whether it is idle: a byte may have come in this moment. */
    private void evict(Lease lease) {
        Flow flow = holders.get(lease);
        if (flow == null) {
            return;
        }
        flow.loop().execute(() -> {
            if (lease.isReleased()) {
                return;
            }
            if (System.nanoTime() - flow.movedNanos() < rule.idleFloor().toNanos()) {
                budget.spare(lease);
            } else {
                evicted.increment();
                flow.stop(CloseReason.EVICTED);
            }
        });
    }

    /** All pools, as they were a moment ago. */
    public ImmutableList<PoolView> pools() {
        return budget.pools();
    }

    /** Flows that wait for a place. */
    public int waiting() {
        return budget.waiting();
    }

    /** Flows that got no place. */
    public long refused() {
        return refused.sum();
    }

    /** Flows that had to wait for one. */
    public long waited() {
        return waited.sum();
    }

    /** Flows that were closed to make room. */
    public long evicted() {
        return evicted.sum();
    }

    @Override
    public void close() {
        clock.shutdownNow();
    }
}

package dev.throughline.intercept;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.Maps;
import dev.throughline.config.InterceptionConfig;
import dev.throughline.header.Tuple;
import dev.throughline.platform.linux.KernelChanges;
import dev.throughline.platform.linux.NftTables;
import dev.throughline.platform.linux.OwnUser;
import dev.throughline.platform.linux.RouteLookup;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.netty.channel.EventLoopGroup;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The supervisor of a running hop's interception. It installs the rules, detects and reports when another program
 * breaks them or what they depend on, and repairs them.
 *
 * <p>Kernel notifications report changes. Canary connections detect the rest, such as rules of another firewall that
 * take connections away. Checks are cheap while nothing changes: rules are compared only when the kernel's generation
 * number has changed, and routes are checked by one lookup for each address family.
 */
public final class InterceptionWatcher implements MeterBinder, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(InterceptionWatcher.class);

    private static final Duration POLL = Duration.ofSeconds(1);
    /** How long to collect notifications, as a program often makes many changes in a row. */
    private static final Duration SETTLING = Duration.ofMillis(50);
    /** Minimum interval of checks while another program changes unrelated rules all the time. */
    private static final Duration MOST_SETTLING = Duration.ofSeconds(1);
    /** How long to wait for a canary; two that don't arrive in a row are a loss. */
    private static final Duration CANARY_PATIENCE = Duration.ofMillis(1200);

    /** How often to check foreign policy rules that came first, if the kernel reports no change. */
    private static final Duration FULL_ROUTES = Duration.ofSeconds(3);

    private static final int MAX_LINES = 4;
    private final RulePlan plan;
    private final InterceptionConfig config;
    private final RuleTables tables;
    private final KernelChanges changes;
    private final NftTables nft;
    private final RouteLookup lookup;
    private final List<Listener> listeners;
    private final Canaries canaries;
    private final EventLoopGroup loops;
    private final ImmutableMap<InterceptionPart, InterceptionState> states =
            Maps.toMap(Arrays.asList(InterceptionPart.values()), InterceptionState::new);
    private final Queue<Runnable> requests = new ConcurrentLinkedQueue<>();
    private final ImmutableList<CanaryPlan> canaryPlans;
    private final Set<CanaryPlan> impossible = new HashSet<>();
    private final Thread thread = new Thread(this::watch, "interception");
    private @Nullable TableLease held;
    private Optional<String> lastAuthor = Optional.empty();
    private String lastFailure = "";
    private int checkedGeneration;
    private int quietRounds;
    private boolean routesRepairable;
    private long nextFullRoutes;
    private long nextCanary;
    private @Nullable CompletableFuture<Optional<String>> canaryRound;
    private boolean canaryRoundCarried;
    private volatile boolean removed;
    private volatile boolean draining;
    private volatile boolean closed;

    private InterceptionWatcher(
            RulePlan plan,
            InterceptionConfig config,
            RuleTables tables,
            KernelChanges changes,
            NftTables nft,
            RouteLookup lookup,
            List<Listener> listeners,
            Canaries canaries,
            EventLoopGroup loops)
            throws IOException {
        this.plan = plan;
        this.config = config;
        this.tables = tables;
        this.changes = changes;
        this.nft = nft;
        this.lookup = lookup;
        this.listeners = listeners;
        this.canaries = canaries;
        this.loops = loops;
        this.canaryPlans = config.canary().isPresent()
                ? CanaryPlan.of(plan, OwnUser.uid(), InstalledRoutes.usable().size() > 1)
                : ImmutableList.of();
        thread.setDaemon(true);
    }

    /**
     * Installs the rules of {@code plan} if permitted, and starts supervising them.
     *
     * @param listeners the intercepting listeners, which must be open
     * @param canaries the canaries that the listeners recognise
     * @throws IOException if rules that belong to this process can't be installed, or supervision isn't possible
     */
    public static InterceptionWatcher start(
            RulePlan plan, InterceptionConfig config, List<Listener> listeners, Canaries canaries, EventLoopGroup loops)
            throws IOException {
        List<AutoCloseable> opened = new ArrayList<>();
        try {
            KernelChanges changes = KernelChanges.open(new DivertRoutes(plan.mark()).table());
            opened.add(changes);
            NftTables nft = NftTables.open();
            opened.add(nft);
            RouteLookup lookup = RouteLookup.open();
            opened.add(lookup);
            RuleTables tables = new RuleTables(config.ownedTable());
            opened.add(tables);
            InterceptionWatcher watcher = new InterceptionWatcher(
                    plan, config, tables, changes, nft, lookup, ImmutableList.copyOf(listeners), canaries, loops);
            watcher.begin();
            return watcher;
        } catch (IOException | RuntimeException e) {
            for (AutoCloseable each : opened) {
                try {
                    each.close();
                } catch (Exception second) {
                    e.addSuppressed(second);
                }
            }
            throw e;
        }
    }

    private void begin() throws IOException {
        if (plan.failOpen()) {
            install();
        } else if (config.repair()) {
            boolean there = nft.find(plan.table()).isPresent();
            try {
                install();
                if (!there) {
                    LOG.info("interception: table inet {} was missing, installed it", plan.table());
                }
            } catch (IOException e) {
                LOG.warn("interception: can't install the rules: {}", e.getMessage());
            }
        }
        if (!config.repair() && !plan.failOpen()) {
            tables.expectInstalledIfUnknown(plan);
        } else {
            LOG.info(
                    "interception: table inet {} {}",
                    plan.table(),
                    tables.isOwner(plan)
                            ? "is owned by this process, no other program can change or flush it"
                            : config.ownedTable()
                                    ? "can be changed by other programs (an owned table needs Linux 6.9 and libnftables)"
                                    : "can be changed by other programs (owned-table: false)");
        }
        changes.await(Duration.ZERO);
        check(true);
        awaitCanaries();
        thread.start();
    }

    /** A hop isn't ready before its first canaries have arrived; if they don't, this takes twice their timeout. */
    private void awaitCanaries() {
        CompletableFuture<Optional<String>> first = canaryRound;
        if (first != null && first.handle((problem, failure) -> failure == null).join()) {
            checkCanaries();
        }
    }

    private void install() throws IOException {
        if (!plan.failOpen()) {
            tables.apply(plan);
            return;
        }
        TableLease before = held;
        if (before == null || !before.isAlive()) {
            held = tables.hold(plan);
        }
    }

    /** Returns one reason for each broken part of interception. */
    public List<String> problems() {
        if (removed) {
            return List.of("interception was removed by 'throughline redirect remove'");
        }
        return states.entrySet().stream()
                .flatMap(state -> state.getValue().problem().stream()
                        .map(problem -> "interception lost: " + state.getKey() + ": " + problem))
                .toList();
    }

    /** Returns whether a part works. */
    public boolean isWhole(InterceptionPart part) {
        return !removed && state(part).isWhole();
    }

    /** Returns how often a part was lost. */
    public long lost(InterceptionPart part) {
        return state(part).lost();
    }

    /** Returns how many canaries arrived. */
    public long canariesArrived() {
        return canaries.arrivals();
    }

    /** Returns how often a part was repaired. */
    public long repaired(InterceptionPart part) {
        return state(part).repaired();
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        FunctionCounter.builder("throughline.interception.canaries", this, InterceptionWatcher::canariesArrived)
                .description("Test connections of the hop that its rules brought to its listeners")
                .register(registry);
        for (InterceptionPart part : InterceptionPart.values()) {
            Gauge.builder("throughline.interception.ok", this, watcher -> watcher.isWhole(part) ? 1 : 0)
                    .description("1 if this part of interception works as configured")
                    .tag("part", part.toString())
                    .register(registry);
            FunctionCounter.builder("throughline.interception.lost", this, watcher -> watcher.lost(part))
                    .description("Times that this part of interception was found broken")
                    .tag("part", part.toString())
                    .register(registry);
            FunctionCounter.builder("throughline.interception.repaired", this, watcher -> watcher.repaired(part))
                    .description("Times that this hop repaired this part of interception")
                    .tag("part", part.toString())
                    .register(registry);
        }
    }

    /** Stops the supervision of listeners, which the hop closes for draining; the rules stay. */
    public void drain() {
        draining = true;
    }

    /**
     * Installs the rules again and supervises them.
     *
     * @return the rules in the format of {@code redirect show}
     */
    public CompletableFuture<String> apply() {
        return request(() -> {
            install();
            removed = false;
            changes.await(Duration.ZERO);
            check(true);
            return RuleTables.show(plan);
        });
    }

    /**
     * Removes the rules and doesn't restore them until {@link #apply}.
     *
     * @return the rules that were removed
     */
    public CompletableFuture<String> remove() {
        return request(() -> {
            removed = true;
            TableLease rules = held;
            held = null;
            if (rules != null) {
                rules.close();
            } else {
                tables.remove(plan);
            }
            return RuleTables.show(plan);
        });
    }

    private interface Request {
        String run() throws IOException;
    }

    /** Runs a task on the only thread that changes rules. */
    private CompletableFuture<String> request(Request request) {
        CompletableFuture<String> answer = new CompletableFuture<>();
        requests.add(() -> {
            if (closed) {
                answer.completeExceptionally(new IOException("the hop stops"));
                return;
            }
            try {
                answer.complete(request.run());
            } catch (IOException | RuntimeException e) {
                answer.completeExceptionally(e);
            }
        });
        changes.wake();
        return answer;
    }

    private InterceptionState state(InterceptionPart part) {
        InterceptionState state = states.get(part);
        if (state == null) {
            throw new AssertionError(part);
        }
        return state;
    }

    private void watch() {
        while (!closed) {
            try {
                round();
            } catch (RuntimeException e) {
                LOG.error("interception: check failed", e);
            }
        }
    }

    private void round() {
        List<KernelChanges.Change> heard = new ArrayList<>(changes.await(timeUntilNextCheck()));
        boolean changed = !heard.isEmpty();
        if (changed) {
            Duration settling = SETTLING.multipliedBy(1L << Math.min(10, quietRounds));
            pause(settling.compareTo(MOST_SETTLING) < 0 ? settling : MOST_SETTLING);
            heard.addAll(changes.await(Duration.ZERO));
            heard.forEach(change -> change.by().ifPresent(by -> lastAuthor = Optional.of(by)));
        }
        for (Runnable request = requests.poll(); request != null; request = requests.poll()) {
            request.run();
        }
        if (removed || closed) {
            return;
        }
        long lostBefore = totalLosses();
        boolean routesChanged = heard.stream().anyMatch(change -> change.kind() != KernelChanges.Kind.RULES);
        if (changed) {
            nextCanary = System.nanoTime();
        }
        check(routesChanged);
        quietRounds = changed && totalLosses() == lostBefore ? quietRounds + 1 : 0;
        repair();
        lastAuthor = Optional.empty();
    }

    private long totalLosses() {
        return states.values().stream().mapToLong(InterceptionState::lost).sum();
    }

    /** Later changes stay queued in the sockets; a request wakes the thread. */
    private void pause(Duration duration) {
        try {
            Thread.sleep(duration);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private Duration timeUntilNextCheck() {
        if (!requests.isEmpty()) {
            return Duration.ZERO;
        }
        long now = System.nanoTime();
        Duration wait = POLL;
        if (!canaryPlans.isEmpty() && !removed) {
            wait = shorter(wait, Duration.ofNanos(nextCanary - now));
        }
        if (config.repair() && !removed) {
            for (InterceptionState state : states.values()) {
                if (!state.isWhole() && isRepairable(state.part())) {
                    wait = shorter(wait, state.backOff().left(now));
                }
            }
        }
        return wait.isNegative() ? Duration.ofMillis(1) : wait.plusMillis(1);
    }

    /** Foreign policy rules, and other causes of a lost canary, are reported but not changed. */
    private boolean isRepairable(InterceptionPart part) {
        return switch (part) {
            case RULES, LISTENER -> true;
            case ROUTES -> routesRepairable;
            case CANARY -> false;
        };
    }

    private static Duration shorter(Duration first, Duration second) {
        return first.compareTo(second) < 0 ? first : second;
    }

    private void check(boolean routesChanged) {
        update(InterceptionPart.RULES, this::rulesProblem);
        update(InterceptionPart.ROUTES, () -> routesProblem(routesChanged));
        update(InterceptionPart.LISTENER, this::listenerProblem);
        checkCanaries();
    }

    /** Canaries are sent on separate threads: a lost one takes seconds, and changes must be detected meanwhile. */
    private void checkCanaries() {
        boolean carried = state(InterceptionPart.RULES).isWhole()
                && state(InterceptionPart.ROUTES).isWhole()
                && state(InterceptionPart.LISTENER).isWhole()
                && !draining;
        CompletableFuture<Optional<String>> round = canaryRound;
        if (round != null && round.isDone()) {
            canaryRound = null;
            // A canary that was lost while rules or routes were broken has no further meaning.
            if (carried && canaryRoundCarried) {
                update(InterceptionPart.CANARY, round::join);
            }
        }
        canaryRoundCarried &= carried;
        if (canaryRound == null && !canaryPlans.isEmpty() && System.nanoTime() - nextCanary >= 0) {
            if (carried) {
                update(InterceptionPart.CANARY, () -> {
                    canaryRound = sendCanaries();
                    return state(InterceptionPart.CANARY).problem();
                });
                canaryRoundCarried = true;
            }
            nextCanary = System.nanoTime() + config.canary().orElse(POLL).toNanos();
        }
    }

    private interface Check {
        Optional<String> problem() throws IOException;
    }

    /** The state of a part that can't be checked doesn't change. */
    private void update(InterceptionPart part, Check check) {
        Optional<String> problem;
        try {
            problem = check.problem();
        } catch (IOException e) {
            String failure = part + ": " + e.getMessage();
            if (!lastFailure.equals(failure)) {
                lastFailure = failure;
                LOG.warn("interception: can't check {}: {}", part, e.getMessage());
            }
            return;
        }
        state(part).update(problem, lastAuthor, System.nanoTime());
    }

    private Optional<String> rulesProblem() throws IOException {
        int generation = nft.generation();
        if (generation == checkedGeneration && state(InterceptionPart.RULES).isWhole()) {
            return Optional.empty();
        }
        Optional<String> problem = problem(tables.compareTable(plan), "table inet " + plan.table());
        checkedGeneration = generation;
        return problem;
    }

    private Optional<String> routesProblem(boolean changed) throws IOException {
        if (!DivertRoutes.neededBy(plan)) {
            return Optional.empty();
        }
        Optional<String> effect = new DivertEffect(plan, lookup).problem();
        if (effect.isEmpty() && !changed && state(InterceptionPart.ROUTES).isWhole()) {
            return Optional.empty();
        }
        Optional<String> before = state(InterceptionPart.ROUTES).problem();
        if (!changed && !routesRepairable && before.isPresent() && System.nanoTime() - nextFullRoutes < 0) {
            return before;
        }
        nextFullRoutes = System.nanoTime() + FULL_ROUTES.toNanos();
        if (config.repair()) {
            tables.addDeviceRoutes(plan);
        }
        Optional<String> difference = problem(tables.compareRoutes(plan), "routes");
        if (difference.isPresent()) {
            routesRepairable = true;
            return difference;
        }
        Optional<String> ahead = tables.rulesAhead(plan);
        routesRepairable = ahead.isPresent() && tables.canPassRulesAhead(plan);
        return ahead.or(() -> effect);
    }

    private static Optional<String> problem(RuleDifference difference, String what) {
        return switch (difference) {
            case RuleDifference.None none -> Optional.empty();
            case RuleDifference.NotInstalled gone ->
                Optional.of(what + (what.endsWith("s") ? " are gone" : " is gone"));
            case RuleDifference.Differs differs ->
                Optional.of(what + " differ" + (what.endsWith("s") ? "" : "s") + ": "
                        + String.join(
                                " | ",
                                differs.lines()
                                        .subList(
                                                0,
                                                Math.min(
                                                        MAX_LINES,
                                                        differs.lines().size())))
                        + (differs.lines().size() > MAX_LINES ? " | …" : ""));
        };
    }

    private Optional<String> listenerProblem() {
        return listeners.stream()
                .flatMap(listener -> listener.problem().stream())
                .findFirst();
    }

    private CompletableFuture<Optional<String>> sendCanaries() throws IOException {
        CompletableFuture<Optional<String>> first = CompletableFuture.completedFuture(Optional.empty());
        for (CanaryPlan canary : canaryPlans) {
            if (isPossible(canary)) {
                first = first.thenCombine(
                        CompletableFuture.supplyAsync(
                                () -> lost(canary),
                                task -> Thread.ofVirtual().name("canary").start(task)),
                        (one, other) -> one.or(() -> other));
            }
        }
        return first.whenComplete((problem, failure) -> changes.wake());
    }

    private boolean isPossible(CanaryPlan canary) throws IOException {
        if (lookup.find(canary.destination().getAddress(), canary.mark()) instanceof RouteLookup.Route.None none) {
            if (impossible.add(canary)) {
                LOG.info(
                        "interception: can't send a canary to {} for listener {}: {}",
                        Tuple.text(canary.destination()),
                        canary.listener(),
                        none.reason());
            }
            return false;
        }
        impossible.remove(canary);
        return true;
    }

    private Optional<String> lost(CanaryPlan canary) {
        Canaries.Result result;
        try {
            result = canaries.send(canary, loops, CANARY_PATIENCE);
            if (result instanceof Canaries.Result.Lost) {
                result = canaries.send(canary, loops, CANARY_PATIENCE);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
        return result instanceof Canaries.Result.Lost(String reason)
                ? Optional.of("a test connection to %s did not arrive at listener %s: %s"
                        .formatted(Tuple.text(canary.destination()), canary.listener(), reason))
                : Optional.empty();
    }

    private void repair() {
        if (!config.repair()) {
            return;
        }
        repair(InterceptionPart.RULES, this::install);
        repair(InterceptionPart.ROUTES, () -> tables.repairRoutes(plan));
        repair(InterceptionPart.LISTENER, () -> {
            for (Listener listener : listeners) {
                listener.repair();
            }
        });
    }

    private interface Repair {
        void run() throws IOException;
    }

    private void repair(InterceptionPart part, Repair repair) {
        InterceptionState state = state(part);
        long now = System.nanoTime();
        if (state.isWhole() || !isRepairable(part) || state.backOff().left(now).isPositive()) {
            return;
        }
        state.attempted(now);
        boolean made = true;
        try {
            repair.run();
        } catch (IOException e) {
            state.failed(String.valueOf(e.getMessage()));
            made = false;
        }
        // Skips notifications of the hop's own changes; the next check finds concurrent changes of other programs.
        changes.await(Duration.ZERO);
        nextCanary = System.nanoTime();
        check(part == InterceptionPart.ROUTES);
        if (made && !state.isWhole() && isRepairable(part)) {
            state.repairUndone(lastAuthor, System.nanoTime());
        }
    }

    @Override
    public void close() throws IOException {
        closed = true;
        changes.wake();
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        requests.forEach(Runnable::run);
        try {
            TableLease rules = held;
            if (rules != null) {
                rules.close();
            }
        } finally {
            tables.close();
            lookup.close();
            nft.close();
            changes.close();
        }
    }
}

package dev.throughline.identify;

import com.google.common.collect.ArrayListMultimap;
import com.google.common.collect.ListMultimap;
import dev.throughline.originator.ProcessContext;
import dev.throughline.platform.linux.SocketOwner;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongUnaryOperator;
import java.util.stream.Collectors;

/**
 * A scanner for the processes that hold sockets. One thread scans /proc, and each scan answers up to {@value #BATCH} lookups,
 * taken by user in turns, so flows share its cost. After each scan it pauses for as long as the scan took, at most 50 ms,
 * so that a stream of flows doesn't use a whole core.
 *
 * <p>Lookups of a user whose processes take too long to scan continue on a second thread, by user in turns. A lookup that
 * exceeds its deadline, or finds the queue full, returns only the user.
 */
final class ProcScanner implements AutoCloseable {
    private static final long MAX_REST_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
    private static final int BATCH = 256;
    /** The steps for the rest of one user's processes, about 500 ms. */
    private static final int COMPLETION_STEPS = 8 * SocketHolders.BUDGET;

    private static final int COMPLETIONS_PER_USER = 2;
    private static final int COMPLETIONS = 64;

    private final Duration deadline;
    private final SocketIdentityResolver naming;
    private final LongUnaryOperator owners;
    private final int budget;
    private final RoundRobinQueue<Long, OwnerLookup> waiting;
    private final Thread thread;
    private final FairWorker completions;
    private final LongAdder scans = new LongAdder();
    private final LongAdder failures = new LongAdder();
    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private boolean closed;

    ProcScanner(IdentifyLimits limits, SocketIdentityResolver naming, LongUnaryOperator owners) {
        this(limits, naming, owners, SocketHolders.BUDGET);
    }

    ProcScanner(IdentifyLimits limits, SocketIdentityResolver naming, LongUnaryOperator owners, int budget) {
        this.deadline = limits.processDeadline();
        this.naming = naming;
        this.owners = owners;
        this.budget = budget;
        this.waiting = new RoundRobinQueue<>(Math.max(1, limits.maxPending() / 4), limits.maxPending());
        this.thread = Thread.ofPlatform().name("socket-holders").daemon().unstarted(this::run);
        this.completions = new FairWorker("socket-holders-rest", COMPLETIONS_PER_USER, COMPLETIONS);
    }

    void start() {
        thread.start();
    }

    /** Looks up the process that holds {@code socket}, which was found at {@code observedTicks}. Never blocks. */
    CompletableFuture<SocketIdentity> find(SocketOwner socket, long observedTicks) {
        OwnerLookup lookup = new OwnerLookup(socket, observedTicks, false, new CompletableFuture<>());
        add(lookup);
        return lookup.answer()
                .completeOnTimeout(
                        SocketIdentity.userOnly(socket, ProcessContext.UNKNOWN),
                        deadline.toNanos(),
                        TimeUnit.NANOSECONDS);
    }

    /** Runs a task on the scanning thread. */
    void execute(Runnable task) {
        synchronized (waiting) {
            tasks.add(task);
            waiting.notifyAll();
        }
    }

    private void add(OwnerLookup lookup) {
        Optional<OwnerLookup> refused;
        synchronized (waiting) {
            refused = closed
                    ? Optional.of(lookup)
                    : waiting.add(owners.applyAsLong(lookup.user()), lookup).map(RoundRobinQueue.Turn::item);
            waiting.notifyAll();
        }
        refused.ifPresent(none -> fail(List.of(none)));
    }

    private void fail(Collection<OwnerLookup> lookups) {
        failures.add(lookups.size());
        lookups.forEach(lookup -> lookup.userOnly(Optional.empty()));
    }

    long scans() {
        return scans.sum();
    }

    /** Returns the number of failed lookups: the queue was full, a scan failed, or their user has too many descriptors. */
    long failures() {
        return failures.sum();
    }

    private void run() {
        try {
            while (true) {
                List<OwnerLookup> batch = next();
                for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
                    task.run();
                }
                batch.removeIf(lookup -> lookup.answer().isDone());
                long started = System.nanoTime();
                if (!batch.isEmpty()) {
                    scan(batch);
                }
                LockSupport.parkNanos(Math.min(System.nanoTime() - started, MAX_REST_NANOS));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private List<OwnerLookup> next() throws InterruptedException {
        synchronized (waiting) {
            while ((waiting.size() == 0 && tasks.isEmpty()) || closed) {
                if (closed) {
                    throw new InterruptedException();
                }
                waiting.wait();
            }
            List<OwnerLookup> batch = new ArrayList<>();
            while (batch.size() < BATCH && waiting.size() > 0) {
                batch.add(waiting.next().orElseThrow().item());
            }
            return batch;
        }
    }

    private void scan(List<OwnerLookup> batch) {
        scans.increment();
        try {
            SocketHolders found = SocketHolders.scan(
                    batch.stream().map(lookup -> lookup.socket().inode()).collect(Collectors.toSet()), owners, budget);
            ListMultimap<Long, OwnerLookup> late = ArrayListMultimap.create();
            List<OwnerLookup> complete = new ArrayList<>();
            for (OwnerLookup lookup : batch) {
                if (found.isComplete(lookup.user())) {
                    complete.add(lookup);
                } else {
                    late.put(owners.applyAsLong(lookup.user()), lookup);
                }
            }
            naming.name(complete, found).forEach(this::add);
            // Must come last: from here on, the other thread uses the results.
            late.asMap().forEach((user, lookups) -> completions.execute(user, new Completion(user, lookups, found)));
        } catch (IOException | RuntimeException e) {
            fail(batch);
        }
    }

    /** The rest of a scan, for the lookups of one user. */
    private final class Completion implements FairWorker.Task {
        private final long user;
        private final Collection<OwnerLookup> lookups;
        private final SocketHolders found;

        Completion(long user, Collection<OwnerLookup> lookups, SocketHolders found) {
            this.user = user;
            this.lookups = lookups;
            this.found = found;
        }

        @Override
        public void run() {
            long started = System.nanoTime();
            try {
                if (found.complete(user, COMPLETION_STEPS)) {
                    naming.name(lookups, found).forEach(ProcScanner.this::add);
                } else {
                    refused();
                }
            } catch (IOException | RuntimeException e) {
                refused();
            }
            LockSupport.parkNanos(Math.min(System.nanoTime() - started, MAX_REST_NANOS));
        }

        @Override
        public void refused() {
            fail(lookups);
        }
    }

    /** Ends the threads. Waiting lookups get their answer at their deadline. */
    @Override
    public void close() {
        synchronized (waiting) {
            closed = true;
        }
        thread.interrupt();
        completions.close();
    }
}

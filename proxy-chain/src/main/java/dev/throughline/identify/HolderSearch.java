package dev.throughline.identify;

import dev.throughline.originator.Person;
import dev.throughline.os.SocketOwner;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;

/**
 * Finds the processes that hold sockets, on one thread of its own: all lookups that wait when a scan of /proc starts are
 * answered by that scan, so the cost is a scan's, not a flow's. It rests after each scan for as long as the scan took, and
 * at most 50 ms, so that a stream of flows doesn't cost a whole core.
 *
 * <p>A lookup that isn't answered within the deadline, or finds the queue full, is answered with the user alone.
 */
final class HolderSearch implements AutoCloseable {
    private static final long MAX_REST_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    private final Duration deadline;
    private final Naming naming;
    private final BlockingQueue<Lookup> waiting;
    private final Thread thread;
    private final LongAdder scans = new LongAdder();
    private final LongAdder failures = new LongAdder();
    private volatile boolean closed;

    HolderSearch(IdentifyLimits limits, Naming naming) {
        this.deadline = limits.processDeadline();
        this.naming = naming;
        this.waiting = new ArrayBlockingQueue<>(limits.maxPending());
        this.thread = Thread.ofPlatform().name("socket-holders").daemon().unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    /** Asks for the process that holds {@code socket}, which was seen at {@code observedTicks}. Never blocks. */
    CompletableFuture<LocalOwner> find(SocketOwner socket, long observedTicks) {
        CompletableFuture<LocalOwner> answer = new CompletableFuture<>();
        Lookup lookup = new Lookup(socket, observedTicks, false, answer);
        if (closed || !waiting.offer(lookup)) {
            failures.increment();
            lookup.userOnly(Optional.empty());
            return answer;
        }
        return answer.completeOnTimeout(
                LocalOwner.userOnly(socket, Person.UNKNOWN), deadline.toNanos(), TimeUnit.NANOSECONDS);
    }

    long scans() {
        return scans.sum();
    }

    /** Lookups that weren't searched for: the queue was full, or a scan failed. */
    long failures() {
        return failures.sum();
    }

    private void run() {
        List<Lookup> moved = List.of();
        try {
            while (!closed) {
                List<Lookup> batch = new ArrayList<>(moved);
                if (batch.isEmpty()) {
                    batch.add(waiting.take());
                }
                waiting.drainTo(batch);
                batch.removeIf(lookup -> lookup.answer().isDone());
                long started = System.nanoTime();
                moved = batch.isEmpty() ? List.of() : scan(batch);
                LockSupport.parkNanos(Math.min(System.nanoTime() - started, MAX_REST_NANOS));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private List<Lookup> scan(Collection<Lookup> batch) {
        scans.increment();
        try {
            return naming.name(batch);
        } catch (IOException | RuntimeException e) {
            failures.add(batch.size());
            batch.forEach(lookup -> lookup.userOnly(Optional.empty()));
            return List.of();
        }
    }

    /** Lookups that wait are answered at their deadline. */
    @Override
    public void close() {
        closed = true;
        thread.interrupt();
    }
}

package dev.throughline.intercept;

import com.google.common.collect.ImmutableSet;
import java.net.InetSocketAddress;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * A queue of the sources of redirected connections that conntrack doesn't know. A search goes through all connections
 * of the host, so one thread makes it for all queued sources, and then pauses for as long as the search took.
 * Thread-safe.
 */
final class ForgottenSources implements AutoCloseable {
    /** The number of ports; an entry takes about 100 bytes. */
    static final int MAX_WAITING = 65_536;

    private static final long MAX_REST_NANOS = TimeUnit.SECONDS.toNanos(1);

    /** A search for the sockets of the sources, on the queue's thread. */
    interface Search {
        void of(Set<InetSocketAddress> sources);
    }

    private final Search search;
    private final Set<InetSocketAddress> waiting = new LinkedHashSet<>();
    private final Thread thread =
            Thread.ofPlatform().name("forgotten-sources").daemon().unstarted(this::run);
    private boolean closed;
    private long refused;

    ForgottenSources(Search search) {
        this.search = search;
    }

    ForgottenSources start() {
        thread.start();
        return this;
    }

    /** Queues a source, or counts it if the queue is full. Never blocks. */
    void add(InetSocketAddress source) {
        synchronized (waiting) {
            if (waiting.size() < MAX_WAITING) {
                waiting.add(source);
                waiting.notifyAll();
            } else {
                refused++;
            }
        }
    }

    /** Returns the number of sources that were dropped because the queue was full. */
    long refused() {
        synchronized (waiting) {
            return refused;
        }
    }

    private void run() {
        try {
            while (true) {
                Set<InetSocketAddress> batch = next();
                long started = System.nanoTime();
                search.of(batch);
                LockSupport.parkNanos(Math.min(System.nanoTime() - started, MAX_REST_NANOS));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private Set<InetSocketAddress> next() throws InterruptedException {
        synchronized (waiting) {
            while (waiting.isEmpty() && !closed) {
                waiting.wait();
            }
            if (closed) {
                throw new InterruptedException();
            }
            Set<InetSocketAddress> batch = ImmutableSet.copyOf(waiting);
            waiting.clear();
            return batch;
        }
    }

    @Override
    public void close() {
        synchronized (waiting) {
            closed = true;
            waiting.notifyAll();
        }
    }
}

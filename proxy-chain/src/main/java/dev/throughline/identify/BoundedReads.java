package dev.throughline.identify;

import com.google.common.cache.Cache;
import com.google.common.cache.CacheBuilder;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads with a deadline, for file systems whose server may hang (fuse(4), nfs(5)) and memory whose owner may withhold it
 * (userfaultfd(2)). The kernel can't interrupt such a read. So at most {@value #PER_TARGET} threads read from one target. A
 * read that exceeds its deadline is abandoned but keeps its thread; while all threads of a target are taken, reads from it are
 * skipped. Other targets aren't affected. Thread-safe.
 */
final class BoundedReads implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(BoundedReads.class);

    static final int PER_TARGET = 2;
    private static final int MAX_THREADS = 64;
    private static final int MAX_WAITING = 64;
    /** How long reads from a target that hangs are skipped while it has one free thread left. */
    private static final long RETRY_NANOS = TimeUnit.SECONDS.toNanos(10);

    /** A read. */
    interface Read<T> {
        T get() throws IOException;

        /** Handles a skipped read; called instead of {@link #get}. */
        default void skipped() {}
    }

    private final class Task<T> implements Runnable {
        private final String target;
        private final Read<T> read;
        private final T otherwise;
        private final CompletableFuture<T> answer = new CompletableFuture<>();
        private boolean abandoned;
        private boolean ended;

        Task(String target, Read<T> read, T otherwise) {
            this.target = target;
            this.read = read;
            this.otherwise = otherwise;
        }

        @Override
        public void run() {
            T result = otherwise;
            try {
                var deadlineTask = CompletableFuture.runAsync(
                        () -> abandon(this),
                        CompletableFuture.delayedExecutor(deadline.toNanos(), TimeUnit.NANOSECONDS));
                try {
                    result = read.get();
                } finally {
                    deadlineTask.cancel(false);
                }
            } catch (IOException | RuntimeException e) {
                // A failed read is a result too.
            } finally {
                ended(this);
                answer.complete(result);
            }
        }

        void skip() {
            read.skipped();
            answer.complete(otherwise);
        }
    }

    /** A target, while anything is read from it. */
    private static final class Target {
        private final Deque<Task<?>> waiting = new ArrayDeque<>();
        private int running;
        private int abandoned;
        private long retryAt;
    }

    private final Duration deadline;
    private final ThreadPoolExecutor threads;
    private final Map<String, Target> targets = new HashMap<>();
    /** Logs each target at most once a minute: a process could withhold memory again and again. */
    private final Cache<String, Boolean> logged = CacheBuilder.newBuilder()
            .maximumSize(256)
            .expireAfterWrite(Duration.ofMinutes(1))
            .build();

    private final LongAdder abandoned = new LongAdder();
    private final LongAdder skipped = new LongAdder();

    /** @param deadline the time after which a read is abandoned */
    BoundedReads(String name, Duration deadline) {
        this(deadline, Thread.ofPlatform().name(name + "-", 0).daemon().factory());
    }

    BoundedReads(Duration deadline, ThreadFactory factory) {
        this.deadline = deadline;
        this.threads = new ThreadPoolExecutor(0, MAX_THREADS, 10, TimeUnit.SECONDS, new SynchronousQueue<>(), factory);
    }

    /**
     * Reads on a separate thread.
     *
     * @param target the target that may hang, in words
     * @return the result; {@code otherwise} if the read fails, takes too long or is skipped
     */
    <T> CompletableFuture<T> read(String target, Read<T> read, T otherwise) {
        Task<T> task = new Task<>(target, read, otherwise);
        boolean taken;
        synchronized (targets) {
            taken = take(task);
        }
        if (!taken) {
            skipped.increment();
            task.skip();
        }
        return task.answer;
    }

    private boolean take(Task<?> task) {
        Target target = targets.computeIfAbsent(task.target, _ -> new Target());
        boolean hangs = target.abandoned > 0;
        if (hangs && (target.running >= PER_TARGET || System.nanoTime() - target.retryAt < 0)) {
            return false;
        }
        if (target.running >= PER_TARGET) {
            return target.waiting.size() < MAX_WAITING && target.waiting.add(task);
        }
        if (!start(task, target)) {
            if (target.running == 0) {
                targets.remove(task.target);
            }
            return false;
        }
        return true;
    }

    private boolean start(Task<?> task, Target target) {
        try {
            threads.execute(task);
            target.running++;
            return true;
        } catch (RejectedExecutionException allHangOrClosed) {
            return false;
        }
    }

    private void abandon(Task<?> task) {
        List<Task<?>> behind = new ArrayList<>();
        synchronized (targets) {
            Target target = targets.get(task.target);
            if (target == null || task.ended) {
                return;
            }
            task.abandoned = true;
            target.retryAt = System.nanoTime() + RETRY_NANOS;
            if (target.abandoned++ == 0 && logged.getIfPresent(task.target) == null) {
                logged.put(task.target, true);
                LOG.warn(
                        "gave up reading {}: no answer within {} ms; processes there are identified without it",
                        task.target,
                        deadline.toMillis());
            }
            behind.addAll(target.waiting);
            target.waiting.clear();
        }
        abandoned.increment();
        skipped.add(behind.size());
        behind.forEach(Task::skip);
        complete(task);
    }

    private static <T> void complete(Task<T> task) {
        task.answer.complete(task.otherwise);
    }

    private void ended(Task<?> task) {
        List<Task<?>> refused = new ArrayList<>();
        synchronized (targets) {
            Target target = Objects.requireNonNull(targets.get(task.target), task.target);
            task.ended = true;
            target.running--;
            if (task.abandoned) {
                target.abandoned--;
            }
            while (target.abandoned == 0 && target.running < PER_TARGET && !target.waiting.isEmpty()) {
                Task<?> next = target.waiting.remove();
                if (!start(next, target)) {
                    refused.add(next);
                }
            }
            if (target.running == 0) {
                targets.remove(task.target);
            }
        }
        skipped.add(refused.size());
        refused.forEach(Task::skip);
    }

    /** Returns the number of reads that were abandoned at their deadline. */
    long abandoned() {
        return abandoned.sum();
    }

    /** Returns the number of reads that were skipped, because their target hung or had too many waiting. */
    long skipped() {
        return skipped.sum();
    }

    /** Returns the targets that hang now. */
    List<String> hanging() {
        synchronized (targets) {
            return targets.entrySet().stream()
                    .filter(target -> target.getValue().abandoned > 0)
                    .map(Map.Entry::getKey)
                    .sorted()
                    .toList();
        }
    }

    /** Interrupts the threads. Reads that hang end with this process. */
    @Override
    public void close() {
        threads.shutdown();
    }
}

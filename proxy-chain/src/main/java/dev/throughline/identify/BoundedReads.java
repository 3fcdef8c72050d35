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
 * Reads that may never return: of a file system whose server hangs (fuse(4), nfs(5)), or of memory whose owner holds it back
 * (userfaultfd(2)). The kernel lets nobody end such a read. So each place has at most {@value #PER_PLACE} threads; a read that
 * exceeds its deadline is given up and keeps its thread, and until it returns the place is asked nothing more once both are
 * taken. Other places notice nothing. Thread-safe.
 */
final class BoundedReads implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(BoundedReads.class);

    static final int PER_PLACE = 2;
    private static final int MAX_THREADS = 64;
    private static final int MAX_WAITING = 64;
    /** How long a place that hangs isn't asked, while one thread is left to ask it with. */
    private static final long RETRY_NANOS = TimeUnit.SECONDS.toNanos(10);

    /** What is read. */
    interface Read<T> {
        T get() throws IOException;

        /** Called instead of {@link #get} if that is never to be called. */
        default void skipped() {}
    }

    private final class Task<T> implements Runnable {
        private final String place;
        private final Read<T> read;
        private final T otherwise;
        private final CompletableFuture<T> answer = new CompletableFuture<>();
        private boolean abandoned;
        private boolean ended;

        Task(String place, Read<T> read, T otherwise) {
            this.place = place;
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
                // It can't be read: that is an answer too.
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

    /** One place, while anything is read there. */
    private static final class Place {
        private final Deque<Task<?>> waiting = new ArrayDeque<>();
        private int running;
        private int abandoned;
        private long retryAt;
    }

    private final Duration deadline;
    private final ThreadPoolExecutor threads;
    private final Map<String, Place> places = new HashMap<>();
    /** Each place is logged once a minute at most: a process that holds memory back could do so again and again. */
    private final Cache<String, Boolean> logged = CacheBuilder.newBuilder()
            .maximumSize(256)
            .expireAfterWrite(Duration.ofMinutes(1))
            .build();

    private final LongAdder abandoned = new LongAdder();
    private final LongAdder skipped = new LongAdder();

    /** @param deadline after which a read is given up */
    BoundedReads(String name, Duration deadline) {
        this(deadline, Thread.ofPlatform().name(name + "-", 0).daemon().factory());
    }

    BoundedReads(Duration deadline, ThreadFactory factory) {
        this.deadline = deadline;
        this.threads = new ThreadPoolExecutor(0, MAX_THREADS, 10, TimeUnit.SECONDS, new SynchronousQueue<>(), factory);
    }

    /**
     * Reads on a thread of its own.
     *
     * @param place what the read may hang at, in words
     * @return what was read; {@code otherwise} if that fails, takes too long, or isn't tried since the place hangs
     */
    <T> CompletableFuture<T> read(String place, Read<T> read, T otherwise) {
        Task<T> task = new Task<>(place, read, otherwise);
        boolean taken;
        synchronized (places) {
            taken = take(task);
        }
        if (!taken) {
            skipped.increment();
            task.skip();
        }
        return task.answer;
    }

    private boolean take(Task<?> task) {
        Place place = places.computeIfAbsent(task.place, _ -> new Place());
        boolean hangs = place.abandoned > 0;
        if (hangs && (place.running >= PER_PLACE || System.nanoTime() - place.retryAt < 0)) {
            return false;
        }
        if (place.running >= PER_PLACE) {
            return place.waiting.size() < MAX_WAITING && place.waiting.add(task);
        }
        if (!start(task, place)) {
            if (place.running == 0) {
                places.remove(task.place);
            }
            return false;
        }
        return true;
    }

    private boolean start(Task<?> task, Place place) {
        try {
            threads.execute(task);
            place.running++;
            return true;
        } catch (RejectedExecutionException allHangOrClosed) {
            return false;
        }
    }

    private void abandon(Task<?> task) {
        List<Task<?>> behind = new ArrayList<>();
        synchronized (places) {
            Place place = places.get(task.place);
            if (place == null || task.ended) {
                return;
            }
            task.abandoned = true;
            place.retryAt = System.nanoTime() + RETRY_NANOS;
            if (place.abandoned++ == 0 && logged.getIfPresent(task.place) == null) {
                logged.put(task.place, true);
                LOG.warn(
                        "gave up reading {}: no answer within {} ms; processes there are identified without it",
                        task.place,
                        deadline.toMillis());
            }
            behind.addAll(place.waiting);
            place.waiting.clear();
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
        synchronized (places) {
            Place place = Objects.requireNonNull(places.get(task.place), task.place);
            task.ended = true;
            place.running--;
            if (task.abandoned) {
                place.abandoned--;
            }
            while (place.abandoned == 0 && place.running < PER_PLACE && !place.waiting.isEmpty()) {
                Task<?> next = place.waiting.remove();
                if (!start(next, place)) {
                    refused.add(next);
                }
            }
            if (place.running == 0) {
                places.remove(task.place);
            }
        }
        skipped.add(refused.size());
        refused.forEach(Task::skip);
    }

    /** Reads that were given up at their deadline. */
    long abandoned() {
        return abandoned.sum();
    }

    /** Reads that weren't tried, since their place hung or too many waited there. */
    long skipped() {
        return skipped.sum();
    }

    /** The places that hang now. */
    List<String> hanging() {
        synchronized (places) {
            return places.entrySet().stream()
                    .filter(place -> place.getValue().abandoned > 0)
                    .map(Map.Entry::getKey)
                    .sorted()
                    .toList();
        }
    }

    /** Reads that hang end with this process. */
    @Override
    public void close() {
        threads.shutdown();
    }
}

package dev.throughline.identify;

import dev.throughline.header.Bytes;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Files that are to be hashed, one slice at a time, by user in turns: the large files of one user delay another user's file
 * by two slices: the one that is read, and one in turn. A slice that doesn't end soon waits for its file system, not for the processor: meanwhile, files of other file
 * systems are hashed. Thread-safe.
 */
final class HashQueue {
    /** Each file that waits takes a descriptor. */
    static final int PER_USER = 16;

    static final int TOTAL = 64;

    /** Reads one slice, at {@code place}, on another thread; completes with FAILED if that can't be done in time. */
    interface SliceReader {
        CompletableFuture<Slice> read(String place, FileHash file);
    }

    /** How a slice ended. */
    enum Slice {
        MORE,
        LAST,
        FAILED
    }

    private static final class Job {
        private final FileHash file;
        private final String place;
        private final Set<Long> users = new HashSet<>();
        private final CompletableFuture<Optional<Bytes>> digest = new CompletableFuture<>();

        Job(FileHash file, String place) {
            this.file = file;
            this.place = place;
        }

        void end(Optional<Bytes> found) {
            file.close();
            digest.complete(found);
        }
    }

    /** A slice that is read; each is itself. */
    private static final class Running {
        private final long user;
        private final Job job;

        Running(RoundRobinQueue.Turn<Long, Job> turn) {
            this.user = turn.owner();
            this.job = turn.item();
        }
    }

    private final SliceReader reader;
    private final Executor patience;
    private final Map<FileVersion, Job> jobs = new HashMap<>();
    private final RoundRobinQueue<Long, Job> queue = new RoundRobinQueue<>(PER_USER, TOTAL);
    private final Set<String> busyPlaces = new HashSet<>();
    private @Nullable Running running;
    private long refused;

    /** @param patience after which a slice no longer keeps other file systems waiting */
    HashQueue(SliceReader reader, Duration patience) {
        this(reader, CompletableFuture.delayedExecutor(patience.toNanos(), TimeUnit.NANOSECONDS));
    }

    HashQueue(SliceReader reader, Executor patience) {
        this.reader = reader;
        this.patience = patience;
    }

    /**
     * Hashes a file for a user, and closes it then.
     *
     * @param place its file system, in words
     * @return empty if the file can't be read, changes meanwhile, or too many of that user's wait
     */
    CompletableFuture<Optional<Bytes>> add(long user, FileHash file, String place) {
        Job job;
        Optional<Job> displaced = Optional.empty();
        synchronized (this) {
            job = jobs.computeIfAbsent(file.version(), _ -> new Job(file, place));
            if (job.users.add(user)) {
                displaced = queue.add(user, job).flatMap(this::displaced);
            }
        }
        if (job.file != file) {
            file.close();
        }
        displaced.ifPresent(none -> none.end(Optional.empty()));
        serve();
        return job.digest;
    }

    /** Returns the job if nobody waits for it any more. */
    private Optional<Job> displaced(RoundRobinQueue.Turn<Long, Job> turn) {
        refused++;
        Job job = turn.item();
        job.users.remove(turn.owner());
        boolean isWanted = !job.users.isEmpty() || (running != null && running.job == job);
        if (!isWanted) {
            jobs.remove(job.file.version());
        }
        return isWanted ? Optional.empty() : Optional.of(job);
    }

    private void serve() {
        Running turn;
        synchronized (this) {
            if (running != null) {
                return;
            }
            Optional<RoundRobinQueue.Turn<Long, Job>> next = queue.next(job -> !busyPlaces.contains(job.place));
            if (next.isEmpty()) {
                return;
            }
            turn = new Running(next.get());
            running = turn;
            busyPlaces.add(turn.job.place);
        }
        CompletableFuture<Slice> slice = reader.read(turn.job.place, turn.job.file);
        CompletableFuture<Void> impatience = CompletableFuture.runAsync(() -> yieldTurn(turn), patience);
        var _ = slice.thenAccept(ended -> {
            impatience.cancel(false);
            ended(turn, ended);
        });
    }

    private void yieldTurn(Running turn) {
        synchronized (this) {
            if (running != turn) {
                return;
            }
            running = null;
        }
        serve();
    }

    private void ended(Running turn, Slice slice) {
        Job job = turn.job;
        synchronized (this) {
            if (running == turn) {
                running = null;
            }
            busyPlaces.remove(job.place);
            if (slice == Slice.MORE) {
                queue.putBack(turn.user, job);
            } else {
                jobs.remove(job.file.version());
                List.copyOf(job.users).forEach(user -> queue.remove(user, job));
            }
        }
        if (slice != Slice.MORE) {
            job.end(slice == Slice.LAST ? job.file.result() : Optional.empty());
        }
        serve();
    }

    /** Files that weren't hashed since too many of their user waited. */
    synchronized long refused() {
        return refused;
    }
}

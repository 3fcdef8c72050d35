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
 * A queue of files to be hashed, one slice at a time, by user in turns. The large files of one user delay another user's file
 * by two slices: the one that is being read, and one in turn. A slice that takes too long waits for its file system, not for
 * the processor, so files of other file systems are hashed meanwhile. Thread-safe.
 */
final class HashQueue {
    /** Maximum number of files of a user; each needs a descriptor. */
    static final int PER_USER = 16;

    static final int TOTAL = 64;

    /** Reads one slice at {@code target} on another thread; completes with FAILED if that can't be done in time. */
    interface SliceReader {
        CompletableFuture<Slice> read(String target, FileHash file);
    }

    /** The result of a slice. */
    enum Slice {
        MORE,
        LAST,
        FAILED
    }

    private static final class Job {
        private final FileHash file;
        private final String target;
        private final Set<Long> users = new HashSet<>();
        private final CompletableFuture<Optional<Bytes>> digest = new CompletableFuture<>();

        Job(FileHash file, String target) {
            this.file = file;
            this.target = target;
        }

        void end(Optional<Bytes> found) {
            file.close();
            digest.complete(found);
        }
    }

    /** A slice that is being read; compared by identity. */
    private static final class RunningSlice {
        private final long user;
        private final Job job;

        RunningSlice(RoundRobinQueue.Turn<Long, Job> turn) {
            this.user = turn.owner();
            this.job = turn.item();
        }
    }

    private final SliceReader reader;
    private final Executor patience;
    private final Map<FileVersion, Job> jobs = new HashMap<>();
    private final RoundRobinQueue<Long, Job> queue = new RoundRobinQueue<>(PER_USER, TOTAL);
    private final Set<String> busyTargets = new HashSet<>();
    private @Nullable RunningSlice running;
    private long refused;

    /** @param patience time after which a slice no longer delays other file systems */
    HashQueue(SliceReader reader, Duration patience) {
        this(reader, CompletableFuture.delayedExecutor(patience.toNanos(), TimeUnit.NANOSECONDS));
    }

    HashQueue(SliceReader reader, Executor patience) {
        this.reader = reader;
        this.patience = patience;
    }

    /**
     * Hashes a file for a user, and closes it afterwards.
     *
     * @param target its file system, in words
     * @return the hash; empty if the file can't be read, changes meanwhile, or too many files of that user wait
     */
    CompletableFuture<Optional<Bytes>> add(long user, FileHash file, String target) {
        Job job;
        Optional<Job> displaced = Optional.empty();
        synchronized (this) {
            job = jobs.computeIfAbsent(file.version(), _ -> new Job(file, target));
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

    /** Returns the job if it was removed from the queue. */
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
        RunningSlice turn;
        synchronized (this) {
            if (running != null) {
                return;
            }
            Optional<RoundRobinQueue.Turn<Long, Job>> next = queue.next(job -> !busyTargets.contains(job.target));
            if (next.isEmpty()) {
                return;
            }
            turn = new RunningSlice(next.get());
            running = turn;
            busyTargets.add(turn.job.target);
        }
        CompletableFuture<Slice> slice = reader.read(turn.job.target, turn.job.file);
        CompletableFuture<Void> impatience = CompletableFuture.runAsync(() -> yieldTurn(turn), patience);
        var _ = slice.thenAccept(ended -> {
            impatience.cancel(false);
            ended(turn, ended);
        });
    }

    private void yieldTurn(RunningSlice turn) {
        synchronized (this) {
            if (running != turn) {
                return;
            }
            running = null;
        }
        serve();
    }

    private void ended(RunningSlice turn, Slice slice) {
        Job job = turn.job;
        synchronized (this) {
            if (running == turn) {
                running = null;
            }
            busyTargets.remove(job.target);
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

    /** Returns the number of files that weren't hashed because too many of their user waited. */
    synchronized long refused() {
        return refused;
    }
}

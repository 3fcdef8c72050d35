package dev.throughline.identify;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A worker thread that takes tasks by user in turns. Thread-safe. */
final class FairWorker implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(FairWorker.class);

    /** A user id for tasks without a user; no user has it. */
    private static final long NOBODY = -1;

    /** A task of a user. */
    interface Task {
        void run();

        /** Handles a refused task; called instead of {@link #run}, on the caller's thread, if too many tasks wait. */
        void refused();
    }

    private final RoundRobinQueue<Long, Task> waiting;
    private final Thread thread;
    private boolean closed;

    /** Starts a thread with this name; the limits are those of {@link RoundRobinQueue}. */
    FairWorker(String name, int perUser, int total) {
        this.waiting = new RoundRobinQueue<>(perUser, total);
        this.thread = Thread.ofPlatform().name(name).daemon().start(this::work);
    }

    /** Runs a task in the user's turn. Never blocks. */
    void execute(long user, Task task) {
        Optional<Task> refused;
        synchronized (waiting) {
            refused = closed ? Optional.of(task) : waiting.add(user, task).map(RoundRobinQueue.Turn::item);
            waiting.notifyAll();
        }
        refused.ifPresent(Task::refused);
    }

    /** Runs a task in a turn of its own, even if the queue is full. Never blocks. */
    void execute(Runnable task) {
        synchronized (waiting) {
            waiting.putBack(NOBODY, new Task() {
                @Override
                public void run() {
                    task.run();
                }

                @Override
                public void refused() {
                    task.run();
                }
            });
            waiting.notifyAll();
        }
        if (isClosed()) {
            refuseAll();
        }
    }

    private boolean isClosed() {
        synchronized (waiting) {
            return closed;
        }
    }

    private void work() {
        try {
            while (true) {
                run(next());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private Task next() throws InterruptedException {
        synchronized (waiting) {
            while (true) {
                if (closed) {
                    throw new InterruptedException();
                }
                Optional<RoundRobinQueue.Turn<Long, Task>> next = waiting.next();
                if (next.isPresent()) {
                    return next.get().item();
                }
                waiting.wait();
            }
        }
    }

    private static void run(Task task) {
        try {
            task.run();
        } catch (RuntimeException e) {
            LOG.error("{}: a task failed", Thread.currentThread().getName(), e);
        }
    }

    /** Ends the thread. Waiting tasks are refused. */
    @Override
    public void close() {
        synchronized (waiting) {
            closed = true;
        }
        thread.interrupt();
        refuseAll();
    }

    private void refuseAll() {
        List<Task> left = new ArrayList<>();
        synchronized (waiting) {
            for (Optional<RoundRobinQueue.Turn<Long, Task>> next = waiting.next();
                    next.isPresent();
                    next = waiting.next()) {
                left.add(next.get().item());
            }
        }
        left.forEach(Task::refused);
    }
}

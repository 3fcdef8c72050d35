package dev.throughline.identify;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class FairWorkerTest {
    private final FairWorker worker = new FairWorker("turn-worker", 3, 10);
    private final List<String> ran = new CopyOnWriteArrayList<>();
    private final List<String> refused = new CopyOnWriteArrayList<>();
    private final CountDownLatch mayBegin = new CountDownLatch(1);
    private final CountDownLatch ended = new CountDownLatch(1);

    private record Task(Runnable work, Runnable otherwise) implements FairWorker.Task {
        @Override
        public void run() {
            work.run();
        }

        @Override
        public void refused() {
            otherwise.run();
        }
    }

    @BeforeEach
    void occupy() throws InterruptedException {
        CountDownLatch occupied = new CountDownLatch(1);
        worker.execute(
                0,
                new Task(
                        () -> {
                            occupied.countDown();
                            try {
                                mayBegin.await();
                            } catch (InterruptedException e) {
                                Thread.currentThread().interrupt();
                            }
                        },
                        () -> {}));
        occupied.await();
    }

    @AfterEach
    void close() {
        worker.close();
    }

    private void execute(long user, String name) {
        worker.execute(user, new Task(() -> ran.add(name), () -> refused.add(name)));
    }

    private void awaitEnd(long user) throws InterruptedException {
        worker.execute(user, new Task(ended::countDown, ended::countDown));
        mayBegin.countDown();
        ended.await();
    }

    @Test
    @Tag("attack")
    void aFloodOfOneUserDelaysAnotherUsersTaskByOneTask() throws InterruptedException {
        List.of("a1", "a2", "a3", "a4", "a5").forEach(name -> execute(1, name));
        execute(2, "b1");
        awaitEnd(2);

        assertThat(ran).startsWith("a1", "b1");
        assertThat(refused).containsExactly("a4", "a5");
    }

    @Test
    void aTaskThatFailsDoesNotKeepTheNextFromRunning() throws InterruptedException {
        worker.execute(
                1,
                new Task(
                        () -> {
                            throw new IllegalStateException("of a test");
                        },
                        () -> {}));
        execute(1, "next");
        awaitEnd(1);

        assertThat(ran).containsExactly("next");
    }

    @Test
    void closingRefusesWaitingTasks() {
        execute(1, "waiting");
        worker.close();

        assertThat(refused).containsExactly("waiting");
    }

    @Test
    void afterItWasClosedEveryTaskIsRefused() {
        worker.close();
        execute(1, "late");

        assertThat(refused).containsExactly("late");
    }
}

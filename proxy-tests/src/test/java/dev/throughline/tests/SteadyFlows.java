package dev.throughline.tests;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Two applications that open a flow every 20 ms, send bytes and expect them back. */
final class SteadyFlows implements AutoCloseable {
    private static final int APPLICATIONS = 2;
    private static final int MILLIS = 20;
    private static final String WORDS = "what was said";

    private final InetSocketAddress front;
    private final AtomicInteger completed = new AtomicInteger();
    private final Queue<String> failures = new ConcurrentLinkedQueue<>();
    private final ScheduledExecutorService applications = Executors.newScheduledThreadPool(APPLICATIONS);

    private SteadyFlows(InetSocketAddress front) {
        this.front = front;
    }

    /** Begins at once. */
    static SteadyFlows to(InetSocketAddress front) {
        SteadyFlows flows = new SteadyFlows(front);
        for (int i = 0; i < APPLICATIONS; i++) {
            flows.applications.scheduleWithFixedDelay(flows::talk, 0, MILLIS, TimeUnit.MILLISECONDS);
        }
        return flows;
    }

    private void talk() {
        try (End app = End.connect(front)) {
            app.send(WORDS).finish();
            String answer = app.restText();
            if (!answer.equals(WORDS)) {
                throw new IOException("instead came \"" + answer + "\"");
            }
            completed.incrementAndGet();
        } catch (IOException e) {
            failures.add(String.valueOf(e.getMessage()));
        }
    }

    /** Waits until this number of further flows has completed. */
    void awaitMore(int count) {
        int goal = completed.get() + count;
        await().atMost(Duration.ofSeconds(60)).until(() -> completed.get() >= goal || !failures.isEmpty());
    }

    /** Returns the failures so far. */
    List<String> failures() {
        return List.copyOf(failures);
    }

    @Override
    public void close() {
        // Stops further flows; running ones finish.
        applications.close();
    }
}

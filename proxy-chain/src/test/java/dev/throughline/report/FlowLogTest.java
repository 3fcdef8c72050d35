package dev.throughline.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.common.collect.ImmutableList;
import dev.throughline.flow.CloseReason;
import dev.throughline.flow.CloseResult;
import dev.throughline.flow.FlowView;
import dev.throughline.flow.NextHop;
import dev.throughline.key.Trust;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The lines of event loops are written together, soon, and before the end. The reader of standard output may stop reading; threads
 * that log flows must not wait for it.
 */
@Timeout(60)
class FlowLogTest {
    private static final CloseResult COMPLETED = new CloseResult(CloseReason.COMPLETED, "");

    private final StuckReader reader = new StuckReader();
    private final FlowLog log = start(false);
    private final ScheduledExecutorService loop = Executors.newSingleThreadScheduledExecutor();

    private FlowLog start(boolean openLines) {
        return FlowLog.start(new FlowJson("hop-a", new IdNames(Trust.NOBODY, "hop-a", "edge-1")), openLines, reader);
    }

    @AfterEach
    void stop() {
        loop.shutdownNow();
        reader.resumed.countDown();
        log.close();
    }

    @Test
    void neverBlocksAndCountsLostLines() {
        int lines = 0;
        while (log.dropped() < 100) {
            log.closed(view(lines++), COMPLETED);
        }
        reader.resumed.countDown();
        log.close();

        assertThat(log.dropped()).isEqualTo(100);
        assertThat(reader.lines).hasSize(lines - 100);
        assertThat(reader.lines.stream().mapToInt(String::length).sum()).isBetween(16_000_000, 17_000_000);
        assertThat(reader.lines.peek()).contains("\"event\":\"flow.close\"").contains("\"number\":0");
    }

    @Test
    void closesThoughItsReaderIsStuck() {
        log.closed(view(1), COMPLETED);
        assertThatCode(log::close).doesNotThrowAnyException();
    }

    @Test
    void hasALineForAnOpenFlowByChoiceOnly() {
        reader.resumed.countDown();
        log.opened(() -> view(1));
        log.close();
        assertThat(reader.lines).isEmpty();

        try (FlowLog both = start(true)) {
            both.opened(() -> view(1));
            both.closed(view(1), COMPLETED);
        }
        assertThat(reader.lines)
                .satisfiesExactly(
                        line -> assertThat(line).contains("flow.open"),
                        line -> assertThat(line).contains("flow.close"));
    }

    @Test
    void writesTheLinesOfALoopTogetherAndInOrder() {
        reader.resumed.countDown();
        log.addLoops(List.of(loop));
        onLoop(() -> close(1, 2, 3));
        await().until(() -> reader.lines.size() == 1);
        assertThat(reader.lines.remove().lines())
                .satisfiesExactly(
                        line -> assertThat(line).contains("\"number\":1,"),
                        line -> assertThat(line).contains("\"number\":2,"),
                        line -> assertThat(line).contains("\"number\":3,"));

        onLoop(() -> close(4));
        await().until(() -> reader.lines.size() == 1);
        assertThat(reader.lines.remove()).contains("\"number\":4,");
    }

    /** The loop is busy until then, so its timer can't run. */
    @Test
    void writesAFullBufferAtOnce() {
        reader.resumed.countDown();
        log.addLoops(List.of(loop));
        onLoop(() -> {
            for (int i = 0; i < LineBuffer.FULL_BYTES / 100; i++) {
                close(i);
            }
            await().until(() -> reader.lines.stream().mapToInt(String::length).sum() >= LineBuffer.FULL_BYTES);
        });
    }

    @Test
    void leavesNothingOfALineThatFails() {
        LineBuffer buffer = new LineBuffer(
                OutputWriter.start("test-log", reader, 1 << 20, OutputWriter.PIPE_BYTES, new NoListener()), loop);
        reader.resumed.countDown();
        buffer.add(line -> line.put("number", 1));
        assertThatThrownBy(() -> buffer.add(line -> {
                    line.put("number", 2);
                    throw new IllegalStateException("of a test");
                }))
                .isInstanceOf(IllegalStateException.class);
        buffer.add(line -> line.put("number", 3));
        await().until(() -> reader.lines.size() == 1);
        assertThat(reader.lines.peek()).isEqualTo("{\"number\":1}\n{\"number\":3}\n");
    }

    private static final class NoListener implements OutputWriter.Listener {
        @Override
        public void failed(String why) {}

        @Override
        public void recovered(long lost) {}
    }

    @Test
    void losesNothingThatWaitsWhenItIsClosed() {
        reader.resumed.countDown();
        log.addLoops(List.of(loop));
        onLoop(() -> close(1));
        loop.shutdownNow();
        log.close();
        assertThat(reader.lines)
                .singleElement()
                .satisfies(line -> assertThat(line).contains("\"number\":1,"));
        assertThat(log.dropped()).isZero();
    }

    @Test
    void doesNotWaitForATimerOfALoopThatEnds() {
        reader.resumed.countDown();
        log.addLoops(List.of(loop));
        onLoop(() -> {
            loop.shutdown();
            close(1);
        });
        await().until(() -> reader.lines.size() == 1);
    }

    private void close(int... numbers) {
        for (int number : numbers) {
            log.closed(view(number), COMPLETED);
        }
    }

    private void onLoop(Runnable task) {
        try {
            loop.submit(task).get();
        } catch (InterruptedException | ExecutionException e) {
            throw new AssertionError(e);
        }
    }

    private static FlowView view(long number) {
        return new FlowView(
                number,
                "apps",
                FlowView.Stage.RELAYING,
                Instant.EPOCH,
                Duration.ZERO,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.of(new NextHop.Destination()),
                Optional.of("bsd-socket"),
                ImmutableList.of(),
                0,
                0);
    }

    private static final class StuckReader implements WritableByteChannel {
        private final CountDownLatch resumed = new CountDownLatch(1);
        private final Queue<String> lines = new ConcurrentLinkedQueue<>();

        @Override
        public int write(ByteBuffer bytes) {
            try {
                resumed.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            int count = bytes.remaining();
            lines.add(StandardCharsets.UTF_8.decode(bytes).toString());
            return count;
        }

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public void close() {}
    }
}

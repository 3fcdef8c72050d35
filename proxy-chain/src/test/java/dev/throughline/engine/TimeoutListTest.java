package dev.throughline.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.nio.NioIoHandler;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class TimeoutListTest {
    private static final long SHORT = TimeUnit.MILLISECONDS.toNanos(20);
    private static final long LONG = TimeUnit.HOURS.toNanos(1);

    private final MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final EventLoop loop = group.next();

    /** What happened, on the loop. */
    private final List<String> ended = new ArrayList<>();

    private final class Named extends TimeoutList.Timeout {
        private final String name;
        private final Consumer<Named> then;

        Named(String name) {
            this(name, timeout -> {});
        }

        Named(String name, Consumer<Named> then) {
            this.name = name;
            this.then = then;
        }

        @Override
        protected void expired() {
            ended.add(name);
            then.accept(this);
        }
    }

    @AfterEach
    void stop() {
        group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    }

    private <T> T onLoop(Callable<T> task) throws Exception {
        return loop.submit(task).get();
    }

    private void start(long nanos, Named... timeouts) throws Exception {
        onLoop(() -> {
            for (Named timeout : timeouts) {
                TimeoutList.start(loop, nanos, timeout);
            }
            return true;
        });
    }

    /** Starts {@code timeouts} and another one, and waits until that has ended. Returns what has ended by then. */
    private List<String> endedWith(Named... timeouts) throws Exception {
        start(SHORT, timeouts);
        return endedLater();
    }

    private List<String> endedLater() throws Exception {
        CountDownLatch latch = new CountDownLatch(1);
        start(SHORT, new Named("last", timeout -> latch.countDown()));
        latch.await();
        return onLoop(() -> List.copyOf(ended));
    }

    @Test
    void endInTheOrderInWhichTheyStarted() throws Exception {
        long before = System.nanoTime();
        assertThat(endedWith(new Named("a"), new Named("b"), new Named("c"))).containsExactly("a", "b", "c", "last");
        assertThat(System.nanoTime() - before).isGreaterThanOrEqualTo(SHORT);
    }

    @Test
    void theFirstAndTheLastAndOneInTheMiddleAreCancelled() throws Exception {
        List<Named> all = List.of(new Named("a"), new Named("b"), new Named("c"), new Named("d"), new Named("e"));
        start(SHORT, all.toArray(Named[]::new));
        onLoop(() -> {
            all.get(0).cancel();
            all.get(2).cancel();
            all.get(4).cancel();
            return true;
        });
        assertThat(endedLater()).containsExactly("b", "d", "last");
    }

    @Test
    void allAreCancelledAndOthersStarted() throws Exception {
        Named one = new Named("a");
        Named two = new Named("b");
        start(SHORT, one, two);
        onLoop(() -> {
            one.cancel();
            two.cancel();
            two.cancel();
            return true;
        });
        assertThat(endedLater()).containsExactly("last");
        assertThat(endedWith(two)).containsExactly("last", "b", "last");
    }

    @Test
    void oneThatEndsStartsItselfAgainAndCancelsAnother() throws Exception {
        Named victim = new Named("victim");
        int[] rounds = {0};
        CountDownLatch done = new CountDownLatch(1);
        Named again = new Named("again", timeout -> {
            victim.cancel();
            if (++rounds[0] < 3) {
                TimeoutList.start(loop, SHORT, timeout);
            } else {
                done.countDown();
            }
        });
        start(SHORT, again, victim);
        done.await();
        assertThat(onLoop(() -> List.copyOf(ended))).containsExactly("again", "again", "again");
    }

    /** As when a connect times out and the flow connects over another transport. */
    @Test
    void oneThatStartsAnotherWhenItEndsDoesNotDelayTheNext() {
        EmbeddedChannel embedded = new EmbeddedChannel();
        embedded.freezeTime();
        EventLoop frozen = embedded.eventLoop();
        long duration = TimeUnit.SECONDS.toNanos(5);
        Named third = new Named("third");
        TimeoutList.start(frozen, duration, new Named("first", any -> TimeoutList.start(frozen, duration, third)));
        embedded.advanceTimeBy(2, TimeUnit.SECONDS);
        TimeoutList.start(frozen, duration, new Named("second"));

        embedded.advanceTimeBy(3, TimeUnit.SECONDS);
        embedded.runScheduledPendingTasks();
        assertThat(ended).containsExactly("first");
        embedded.advanceTimeBy(2, TimeUnit.SECONDS);
        embedded.runScheduledPendingTasks();
        assertThat(ended).containsExactly("first", "second");
        embedded.advanceTimeBy(3, TimeUnit.SECONDS);
        embedded.runScheduledPendingTasks();
        assertThat(ended).containsExactly("first", "second", "third");
    }

    @Test
    void oneThatFailsDoesNotStopTheOthers() throws Exception {
        Named failing = new Named("failing", timeout -> {
            throw new IllegalStateException("for the test");
        });
        assertThat(endedWith(failing, new Named("next"))).containsExactly("failing", "next", "last");
    }

    @Test
    void aLongOneDoesNotDelayAShortOne() throws Exception {
        start(LONG, new Named("long"));
        assertThat(endedWith(new Named("short"))).containsExactly("short", "last");
    }

    @Test
    void oneThatRunsIsNotStartedAgain() throws Exception {
        Named running = new Named("a");
        start(LONG, running);
        assertThatThrownBy(() -> start(LONG, running)).hasMessageContaining("runs already");
    }
}

package dev.throughline.flow;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.budget.Account;
import io.netty.channel.DefaultEventLoop;
import io.netty.channel.EventLoop;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class FairQueueTest {
    private final EventLoop loop = new DefaultEventLoop();
    private final FairQueue arrivals = new FairQueue(100);
    private final List<String> served = Collections.synchronizedList(new ArrayList<>());
    private final List<String> refused = Collections.synchronizedList(new ArrayList<>());

    @AfterEach
    void stop() {
        loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }

    private void arrive(String user, int number) {
        String name = user + number;
        arrivals.turn(
                loop,
                new Arrival(new Account("host", user, "app", Integer.toString(number)), FairQueue.Work.HEADER, name));
    }

    /** A connection or flow; those of user "gone" have ended. */
    private final class Arrival implements FairQueue.Waiting {
        private final Account who;
        private final FairQueue.Work work;
        private final String name;
        private final Runnable next;

        Arrival(Account who, FairQueue.Work work, String name) {
            this(who, work, name, () -> {});
        }

        Arrival(Account who, FairQueue.Work work, String name, Runnable next) {
            this.who = who;
            this.work = work;
            this.name = name;
            this.next = next;
        }

        @Override
        public Account who() {
            return who;
        }

        @Override
        public FairQueue.Work work() {
            return work;
        }

        @Override
        public boolean isEnded() {
            return who.user().equals("gone");
        }

        @Override
        public void turn() {
            served.add(name);
            next.run();
        }

        @Override
        public void refused(FlowRejectedException why) {
            refused.add(name);
        }
    }

    /** Adds connections in one pass of the loop, as they are accepted; then all are served. */
    private void together(Runnable arriving) throws InterruptedException {
        CountDownLatch empty = new CountDownLatch(1);
        loop.execute(() -> {
            arriving.run();
            awaitEmpty(empty);
        });
        assertThat(empty.await(20, TimeUnit.SECONDS)).isTrue();
    }

    private void awaitEmpty(CountDownLatch empty) {
        loop.schedule(
                () -> {
                    if (arrivals.size() == 0) {
                        empty.countDown();
                    } else {
                        awaitEmpty(empty);
                    }
                },
                0,
                TimeUnit.NANOSECONDS);
    }

    private void flood(String user, int flows) {
        for (int i = 0; i < flows; i++) {
            arrive(user, i);
        }
    }

    @Test
    void theFirstAreServedAtOnce() throws InterruptedException {
        together(() -> {
            flood("ann", FairQueue.EACH_PASS);
            assertThat(served).hasSize(FairQueue.EACH_PASS);
        });
    }

    @Test
    @Tag("attack")
    void aFloodOfConnectionsDelaysAnotherUserByOneTurn() throws InterruptedException {
        together(() -> {
            flood("ann", 60);
            arrive("bob", 1);
        });
        assertThat(served).hasSize(61);
        assertThat(served.indexOf("bob1")).isLessThanOrEqualTo(FairQueue.EACH_PASS + 1);
    }

    @Test
    @Tag("attack")
    void theNewestOfTheUserWithTheMostIsRefusedIfTooManyWait() throws InterruptedException {
        together(() -> {
            flood("ann", 200);
            arrive("bob", 1);
        });
        assertThat(served).contains("bob1").hasSize(FairQueue.EACH_PASS + 100);
        assertThat(refused)
                .hasSize(200 + 1 - FairQueue.EACH_PASS - 100)
                .contains("ann199")
                .doesNotContain("bob1");
    }

    @Test
    void aFlowTakesAWholePass() throws InterruptedException {
        together(() -> {
            arrivals.turn(loop, new Arrival(new Account("host", "ann", "app", "1"), FairQueue.Work.FLOW, "ann1"));
            arrive("bob", 1);
            assertThat(served).containsExactly("ann1");
        });
        assertThat(served).containsExactly("ann1", "bob1");
    }

    /** A paused acceptor accepts others as soon as a connection has its turn. Then each pass still serves one flow. */
    @Test
    void flowsThatATurnAddsWaitForLaterPasses() throws InterruptedException {
        List<Integer> servedByPass = new ArrayList<>();
        together(() -> {
            for (int i = 0; i < 20; i++) {
                String name = "ann" + i;
                Account who = new Account("host", "ann", "app", name);
                arrivals.turn(
                        loop,
                        new Arrival(
                                who,
                                FairQueue.Work.FLOW,
                                name,
                                () -> arrivals.turn(loop, new Arrival(who, FairQueue.Work.FLOW, name + "-next"))));
            }
            countServed(servedByPass);
        });
        assertThat(served).hasSize(40);
        for (int i = 1; i < servedByPass.size(); i++) {
            assertThat(servedByPass.get(i) - servedByPass.get(i - 1)).isLessThanOrEqualTo(2);
        }
    }

    /** Counts the flows that were served, in each pass until none waits. */
    private void countServed(List<Integer> counts) {
        counts.add(served.size());
        if (arrivals.size() > 0) {
            loop.schedule(() -> countServed(counts), 0, TimeUnit.NANOSECONDS);
        }
    }

    @Test
    void flowsThatHaveEndedTakeNoPartOfAPass() throws InterruptedException {
        together(() -> {
            flood("ann", FairQueue.EACH_PASS);
            flood("gone", 50);
            flood("bob", FairQueue.EACH_PASS);
        });
        assertThat(served.subList(FairQueue.EACH_PASS, served.size()))
                .as("all in the second pass")
                .hasSize(50 + FairQueue.EACH_PASS);
    }
}

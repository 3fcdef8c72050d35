package dev.throughline.bench;

import static java.util.Objects.requireNonNull;

import dev.throughline.budget.Account;
import dev.throughline.budget.Admission;
import dev.throughline.budget.Budget;
import dev.throughline.budget.Lease;
import dev.throughline.budget.LeaseRequest;
import dev.throughline.budget.LimitClass;
import dev.throughline.budget.PoolRule;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The cost of a budget with 10,000 flows of 1,000 originators: CPU time for all operations of one flow: its slot is
 * requested, made evictable and released, in the pool of the hop and in that of a transport. The time of the benchmark itself to
 * choose and to create flows is a separate row, and isn't part of the budget's.
 */
final class BudgetCost {
    private static final int FLOWS = 10_000;
    private static final int ORIGINATORS = 1_000;
    private static final int ASKED = 200_000;
    private static final int ROUNDS = 9;
    private static final double PROMISED_MICROS = 5;
    private static final PoolRule OF_THE_HOP = new PoolRule(0, 100, 100, Duration.ofDays(1));

    /** The accounts with active flows, and those with idle ones. */
    private enum Scene {
        FREE("slots for all", 2 * FLOWS, false, false, true),
        GREEDY("one has most flows, all idle: they are evicted", FLOWS, true, false, true),
        BUSY("everybody's flows move: further ones fall over", FLOWS, false, false, false),
        MIXED("those who have few are idle, one with many isn't", FLOWS, true, true, false);

        private final String text;
        private final int capacity;
        private final boolean hasGreedy;
        private final boolean othersIdle;
        private final boolean greedyIdle;

        Scene(String text, int capacity, boolean hasGreedy, boolean othersIdle, boolean greedyIdle) {
            this.text = text;
            this.capacity = capacity;
            this.hasGreedy = hasGreedy;
            this.othersIdle = othersIdle;
            this.greedyIdle = greedyIdle;
        }
    }

    /** A flow of the benchmark: the time of its last byte, and its index among the open ones. */
    private final class BenchFlow implements LongSupplier {
        private final long opened = now;
        private final boolean idle;
        private @Nullable Lease lease;
        private int at;

        BenchFlow(boolean idle) {
            this.idle = idle;
        }

        @Override
        public long getAsLong() {
            return idle ? opened - PoolRule.DEFAULT.idleFloor().toNanos() : now;
        }
    }

    private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    private final Random random = new Random(1);
    private final Scene scene;
    private final Budget budget;
    private final List<Account> originators = new ArrayList<>();
    private final List<BenchFlow> open = new ArrayList<>();
    private final List<List<String>> ways = List.of(List.of("hop", "first"), List.of("hop", "second"));
    private long now;
    private long evicted;
    private long fellOver;

    private BudgetCost(Scene scene) {
        this.scene = scene;
        budget = new Budget(1024)
                .pool("hop", 4 * FLOWS, OF_THE_HOP)
                .pool("first", scene.capacity, PoolRule.DEFAULT)
                .pool("second", 4 * FLOWS, OF_THE_HOP);
        for (int i = 0; i < ORIGINATORS; i++) {
            originators.add(new Account("host", "user-" + i % 20, "/usr/bin/app-" + i % 200, i + "@" + i));
        }
    }

    static void print(boolean quick) {
        System.out.printf(
                "%nWhat a budget costs, with %,d flows of %,d originators: CPU time a flow, median [least-most] of %d rounds of %,d flows%n",
                FLOWS, ORIGINATORS, quick ? 3 : ROUNDS, ASKED);
        double own = new BudgetCost(Scene.FREE).own(quick ? 3 : ROUNDS);
        for (Scene scene : Scene.values()) {
            new BudgetCost(scene).row(quick ? 3 : ROUNDS, own);
        }
    }

    /** Measures the same flows without a budget. */
    private double own(int rounds) {
        double[] micros = new double[rounds];
        long moved = 0;
        for (int round = -1; round < rounds; round++) {
            long before = threads.getCurrentThreadCpuTime();
            for (int i = 0; i < ASKED; i++) {
                now += 1_000;
                if (open.size() >= FLOWS) {
                    BenchFlow closing = open.get(random.nextInt(open.size()));
                    moved += closing.getAsLong();
                    closed(closing);
                }
                int originator = random.nextInt(ORIGINATORS);
                BenchFlow flow = flow(originator);
                moved += asked(flow, originator).since();
                opened(flow);
            }
            if (round >= 0) {
                micros[round] = (threads.getCurrentThreadCpuTime() - before) / 1e3 / ASKED;
            }
        }
        Arrays.sort(micros);
        System.out.printf(
                "%-50s %5.2f us [%.2f-%.2f]  %s%n",
                "the benchmark's own part, taken off below",
                micros[rounds / 2],
                micros[0],
                micros[rounds - 1],
                moved == 0 ? "nothing moved" : "");
        return micros[rounds / 2];
    }

    private void row(int rounds, double own) {
        double[] micros = new double[rounds];
        // The first is for the compiler.
        for (int round = -1; round < rounds; round++) {
            long before = threads.getCurrentThreadCpuTime();
            for (int i = 0; i < ASKED; i++) {
                now += 1_000;
                if (open.size() >= FLOWS) {
                    // A random one ends.
                    release(open.get(random.nextInt(open.size())));
                }
                ask(scene.hasGreedy && i % 10 < 8 ? 0 : random.nextInt(ORIGINATORS));
            }
            if (round >= 0) {
                micros[round] = (threads.getCurrentThreadCpuTime() - before) / 1e3 / ASKED - own;
            }
        }
        Arrays.sort(micros);
        double median = micros[rounds / 2];
        System.out.printf(
                "%-50s %5.2f us [%.2f-%.2f]  %s %.0f us  (%.0f %% evicted others, %.0f %% fell over)%n",
                scene.text,
                median,
                micros[0],
                micros[rounds - 1],
                median <= PROMISED_MICROS ? "<=" : "ABOVE",
                PROMISED_MICROS,
                100.0 * evicted / ASKED / (rounds + 1),
                100.0 * fellOver / ASKED / (rounds + 1));
    }

    private void release(BenchFlow flow) {
        closed(flow);
        budget.release(requireNonNull(flow.lease), now);
    }

    private void closed(BenchFlow flow) {
        BenchFlow last = open.removeLast();
        if (last != flow) {
            open.set(flow.at, last);
            last.at = flow.at;
        }
    }

    private void opened(BenchFlow flow) {
        flow.at = open.size();
        open.add(flow);
    }

    private BenchFlow flow(int originator) {
        return new BenchFlow((originator == 0 && scene.hasGreedy) ? scene.greedyIdle : scene.othersIdle);
    }

    private LeaseRequest asked(BenchFlow flow, int originator) {
        return new LeaseRequest(originators.get(originator), "192.0.2.1", LimitClass.DEFAULT, ways, now, flow);
    }

    private void ask(int originator) {
        BenchFlow flow = flow(originator);
        Admission answer = budget.request(asked(flow, originator), now);
        for (Lease lease : answer.evicted()) {
            release((BenchFlow) lease.request().moved());
            evicted++;
        }
        if (answer instanceof Admission.Granted granted) {
            budget.activate(granted.lease());
            flow.lease = granted.lease();
            opened(flow);
            fellOver += granted.lease().alternative();
        }
    }
}

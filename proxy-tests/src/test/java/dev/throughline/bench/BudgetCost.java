package dev.throughline.bench;

import com.google.common.collect.ImmutableList;
import dev.throughline.budget.Admission;
import dev.throughline.budget.Ask;
import dev.throughline.budget.Budget;
import dev.throughline.budget.Claimant;
import dev.throughline.budget.Lease;
import dev.throughline.budget.LimitClass;
import dev.throughline.budget.PoolRule;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * What it costs to keep a budget, with 10,000 flows of 1,000 originators: CPU time for all that one flow needs, its place
 * asked for, made evictable and released, in the pool of the hop and in that of a transport. What the benchmark itself takes to
 * choose and to make flows is a row of its own, and isn't the budget's.
 */
final class BudgetCost {
    private static final int FLOWS = 10_000;
    private static final int ORIGINATORS = 1_000;
    private static final int ASKED = 200_000;
    private static final int ROUNDS = 9;
    private static final double PROMISED_MICROS = 2;
    private static final PoolRule OF_THE_HOP = new PoolRule(0, 100, 100, Duration.ofDays(1));

    /** Who has flows that move, and who idle ones. */
    private enum Scene {
        ROOM("room for all", 2 * FLOWS, false, false, true),
        GREEDY("one has most flows, all idle: they make room", FLOWS, true, false, true),
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

    private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    private final Random random = new Random(1);
    private final Scene scene;
    private final Budget budget;
    private final List<Claimant> originators = new ArrayList<>();
    private final List<Lease> open = new ArrayList<>();
    private final ImmutableList<ImmutableList<String>> ways =
            ImmutableList.of(ImmutableList.of("hop", "first"), ImmutableList.of("hop", "second"));
    private long now;
    private int alive;
    private long evicted;
    private long fellOver;

    private BudgetCost(Scene scene) {
        this.scene = scene;
        budget = new Budget(1024)
                .pool("hop", 4 * FLOWS, OF_THE_HOP)
                .pool("first", scene.capacity, PoolRule.DEFAULT)
                .pool("second", 4 * FLOWS, OF_THE_HOP);
        for (int i = 0; i < ORIGINATORS; i++) {
            originators.add(new Claimant("host", "user-" + i % 20, "/usr/bin/app-" + i % 200, i + "@" + i));
        }
    }

    static void print(boolean quick) {
        System.out.printf(
                "%nWhat a budget costs, with %,d flows of %,d originators: CPU time a flow, median [least-most] of %d rounds of %,d flows%n",
                FLOWS, ORIGINATORS, quick ? 3 : ROUNDS, ASKED);
        double own = new BudgetCost(Scene.ROOM).own(quick ? 3 : ROUNDS);
        for (Scene scene : Scene.values()) {
            new BudgetCost(scene).row(quick ? 3 : ROUNDS, own);
        }
    }

    /** The same flows, without a budget. */
    private double own(int rounds) {
        double[] micros = new double[rounds];
        List<Ask> asked = new ArrayList<>();
        long moved = 0;
        for (int round = -1; round < rounds; round++) {
            long before = threads.getCurrentThreadCpuTime();
            for (int i = 0; i < ASKED; i++) {
                now += 1_000;
                if (asked.size() >= FLOWS) {
                    int at = random.nextInt(asked.size());
                    moved += asked.get(at).moved().getAsLong();
                    asked.set(at, asked.getLast());
                    asked.removeLast();
                }
                asked.add(made(random.nextInt(ORIGINATORS)));
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
                if (alive >= FLOWS) {
                    release();
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

    /** A random flow ends, unless it was evicted before. */
    private void release() {
        int at = random.nextInt(open.size());
        Lease closing = open.get(at);
        open.set(at, open.getLast());
        open.removeLast();
        if (!closing.isReleased()) {
            budget.release(closing, now);
            alive--;
        }
    }

    private Ask made(int originator) {
        long opened = now;
        boolean idle = originator == 0 && scene.hasGreedy ? scene.greedyIdle : scene.othersIdle;
        return new Ask(
                originators.get(originator),
                "192.0.2.1",
                LimitClass.DEFAULT,
                ways,
                now,
                idle ? () -> opened - PoolRule.DEFAULT.idleFloor().toNanos() : () -> now);
    }

    private void ask(int originator) {
        Ask ask = made(originator);
        Admission answer = budget.ask(ask, now);
        for (Lease lease : answer.evicted()) {
            budget.release(lease, now);
            evicted++;
            alive--;
        }
        if (answer instanceof Admission.Granted granted) {
            budget.activate(granted.lease());
            open.add(granted.lease());
            alive++;
            fellOver += granted.lease().way();
        }
    }
}

package dev.throughline.bench.compare;

import com.google.common.collect.ImmutableList;

/**
 * How much is measured.
 *
 * @param coldRounds how often chains are started and measured in their first ten seconds
 * @param rounds how often each chain is visited with each workload
 * @param windowMillis length of a window
 * @param warmConnections number of connections before Throughline may count as warm
 * @param warmWindows maximum number of windows of a second until Throughline counts as warm
 * @param held numbers of connections held at once, increasing
 */
record Settings(
        int coldRounds,
        int rounds,
        int windowMillis,
        int warmConnections,
        int warmWindows,
        ImmutableList<Integer> held) {
    static final Settings FULL = new Settings(8, 8, 1000, 50_000, 180, ImmutableList.of(4_000, 8_000));

    /** Within three minutes, the build of test classes included. */
    static final Settings QUICK = new Settings(1, 3, 300, 0, 5, ImmutableList.of(4_000));
}

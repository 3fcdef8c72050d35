package dev.throughline.cli;

import com.google.common.collect.ImmutableSet;
import dev.throughline.config.ConfigPositions;
import dev.throughline.config.HopConfig;
import dev.throughline.hop.HopSizes;
import dev.throughline.hop.ProcessLimits;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The sizes of a hop with this configuration file and the limits of this process.
 *
 * @param problems with their lines and columns; empty if all limits of the file fit
 */
record ConfiguredSizes(HopSizes sizes, ProcessLimits process, List<String> problems) {
    private static final long MIB = 1L << 20;
    /** Each direction buffers 64 KiB plus one read of the same size. */
    private static final long MOST_OF_A_FLOW = 256 << 10;

    static ConfiguredSizes of(Path file, HopConfig config) {
        return of(file, config, ProcessLimits.ofThisProcess());
    }

    static ConfiguredSizes of(Path file, HopConfig config, ProcessLimits process) {
        ConfigPositions positions;
        try {
            positions = ConfigPositions.read(file);
        } catch (IOException e) {
            throw CommandFailure.unreadable(file, e);
        }
        ImmutableSet<String> configured =
                HopSizes.KEYS.stream().filter(positions::has).collect(ImmutableSet.toImmutableSet());
        HopSizes sizes = HopSizes.of(config, configured, process);
        return new ConfiguredSizes(
                sizes,
                process,
                sizes.problems().stream()
                        .map(problem -> positions
                                .problem(problem.key(), "\"" + problem.key() + "\": " + problem.message())
                                .toString())
                        .toList());
    }

    /** Returns a line with the sum and one line for each consumer, for descriptors and heap. */
    List<String> table() {
        List<String> lines = new ArrayList<>();
        lines.add("descriptors: %d of %s"
                .formatted(
                        HopSizes.sum(sizes.descriptors()),
                        process.descriptors() == Long.MAX_VALUE ? "unlimited" : process.descriptors()));
        sizes.descriptors().forEach(line -> lines.add(row(line, Long.toString(line.each()), line.sum())));
        lines.add("heap: %d of %d MiB".formatted(mib(HopSizes.sum(sizes.heap())), mib(process.heapBytes())));
        sizes.heap().forEach(line -> lines.add(row(line, bytes(line.each()), mib(line.sum()))));
        lines.add("buffers: %d of %d MiB of direct memory, for %d flows whose receiver does not read"
                .formatted(mib(sizes.bufferBytes()), mib(process.directBytes()), sizes.bufferBytes() / MOST_OF_A_FLOW));
        return lines;
    }

    private static String row(HopSizes.Line line, String each, long sum) {
        String what = line.what() + (line.key().isEmpty() ? "" : " (" + line.key() + ")");
        String product = line.count() == 1 ? "" : line.count() + " x " + each;
        return "  %-58s %14s %8d".formatted(what, product, sum);
    }

    private static String bytes(long bytes) {
        return bytes >= MIB ? mib(bytes) + "M" : bytes >= 1024 ? bytes / 1024 + "K" : bytes + "B";
    }

    private static long mib(long bytes) {
        return (bytes + MIB - 1) / MIB;
    }
}

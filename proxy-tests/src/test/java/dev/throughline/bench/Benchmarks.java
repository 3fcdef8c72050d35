package dev.throughline.bench;

import dev.throughline.tests.LimitLatency;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * The cost of headers: {@code ./throughline bench micro}. It measures the headers that are signed and verified in a second of one
 * core's CPU time, by the size of the batch and the number of links, with their size; then the latency that batches add to a flow;
 * then the cost of identifying the process that opened a flow, and of the budget; how fast other originators connect while one holds
 * 2,000 connections; and the cost of a line of the flow log.
 */
public final class Benchmarks {
    private Benchmarks() {}

    /** The documented minimum for one link: signed and verified in a second, by batch. */
    private static final Map<Integer, long[]> PROMISED =
            new TreeMap<>(Map.of(8, new long[] {150_000, 80_000}, 64, new long[] {600_000, 300_000}));

    /** Every row is measured this often, minutes apart: one slow minute of the machine doesn't decide a row. */
    private static final int ROUNDS = 3;

    public static void main(String[] args) throws RunnerException, InterruptedException, IOException {
        boolean quick = List.of(args).contains("--quick");
        if (List.of(args).contains("--identify")) {
            IdentificationCost.print(quick);
            return;
        }
        if (List.of(args).contains("--budget")) {
            BudgetCost.print(quick);
            return;
        }
        if (List.of(args).contains("--limit")) {
            LimitLatency.print(quick);
            return;
        }
        if (List.of(args).contains("--log")) {
            flowLog(quick);
            return;
        }
        int batch = List.of(args).indexOf("--batch");
        if (batch >= 0 && batch < args.length - 1) {
            String size = args[batch + 1];
            table("Batches of " + size, quick, options -> options.param("batch", size));
            return;
        }
        System.out.println(
                "Java " + Runtime.version() + ", " + Runtime.getRuntime().availableProcessors()
                        + " processors. Rates are headers a second of one core's CPU time: median [least-most] of "
                        + ROUNDS + " rounds, minutes apart.");
        table("One algorithm, all batches", quick, options -> {});
        table(
                "P-256",
                quick,
                options -> options.param("algorithm", "P256")
                        .param("newProcesses", "false")
                        .param("batch", "1", "64")
                        .param("links", "1"));
        latency(quick);
        IdentificationCost.print(quick);
        BudgetCost.print(quick);
        LimitLatency.print(quick);
        flowLog(quick);
    }

    private static void flowLog(boolean quick) throws RunnerException {
        ChainedOptionsBuilder options = options(FlowLogBenchmark.class, quick).addProfiler(GCProfiler.class);
        System.out.printf(
                "%nThe line of the flow log for a closed flow, of one core's CPU time%n%5s %6s %7s %10s%n",
                "links", "bytes", "ns", "allocated");
        for (RunResult row : run(options)) {
            double lines = total(row, "lines");
            System.out.printf(
                    "%5s %,6.0f %,7.0f %,10.0f%n",
                    param(row, "links"),
                    total(row, "bytes") / lines,
                    total(row, "cpuNanos") / lines,
                    row.getSecondaryResults().get("gc.alloc.rate.norm").getScore());
        }
    }

    private interface Choice {
        void apply(ChainedOptionsBuilder options);
    }

    private static void table(String title, boolean quick, Choice choice) throws RunnerException {
        ChainedOptionsBuilder options = options(HeaderBenchmark.class, quick);
        choice.apply(options);
        List<RunResult> results = new ArrayList<>();
        List<RunResult> control = new ArrayList<>();
        for (int round = 0; round < (quick ? 1 : ROUNDS); round++) {
            control.addAll(run(options(BareSignatureBenchmark.class, quick)));
            results.addAll(run(options));
        }
        System.out.printf(
                "%n%s%n%-10s %5s %5s %9s %6s  %-32s %-32s%n",
                title, "algorithm", "batch", "links", "process", "bytes", "signed/s", "verified/s");
        Map<String, List<RunResult>> rows =
                results.stream().collect(Collectors.groupingBy(Benchmarks::row, TreeMap::new, Collectors.toList()));
        rows.values().stream()
                .sorted(Comparator.<List<RunResult>>comparingInt(row -> number(row.getFirst(), "links"))
                        .thenComparing(row -> param(row.getFirst(), "newProcesses"))
                        .thenComparingInt(row -> number(row.getFirst(), "batch")))
                .forEach(Benchmarks::print);
        System.out.printf(
                "%-42s  %-32s %-32s%n",
                "control: one Ed25519 signature, no header",
                Rates.of(of(control, "sign")).text(),
                Rates.of(of(control, "verify")).text());
    }

    private static Collection<RunResult> run(ChainedOptionsBuilder options) throws RunnerException {
        return new Runner(options.build()).run();
    }

    private static ChainedOptionsBuilder options(Class<?> benchmark, boolean quick) {
        ChainedOptionsBuilder options = new OptionsBuilder()
                .include("^" + benchmark.getName().replace(".", "\\.") + "\\.")
                .verbosity(VerboseMode.SILENT)
                .jvmArgsAppend(
                        "-XX:+UseSerialGC",
                        "-Xmx1g",
                        "--enable-native-access=ALL-UNNAMED",
                        "--sun-misc-unsafe-memory-access=allow");
        if (quick) {
            options.warmupIterations(1).measurementIterations(2);
        }
        return options;
    }

    private static void print(List<RunResult> row) {
        RunResult first = row.getFirst();
        Rates signed = Rates.of(of(row, "sign"));
        Rates verified = Rates.of(of(row, "verify"));
        long[] promised = PROMISED.get(number(first, "batch"));
        // Measures processes that have opened flows before, because the first flow of a process costs more.
        boolean isPromised = promised != null
                && number(first, "links") == 1
                && param(first, "newProcesses").equals("false")
                && param(first, "algorithm").equals("ED25519");
        System.out.printf(
                "%-10s %5s %5s %9s %6.0f  %-32s %-32s%n",
                param(first, "algorithm"),
                param(first, "batch"),
                param(first, "links"),
                param(first, "newProcesses").equals("true") ? "new" : "known",
                signed.bytes,
                signed.text() + (isPromised ? signed.against(promised[0]) : ""),
                verified.text() + (isPromised ? verified.against(promised[1]) : ""));
    }

    private record Rates(List<Double> sorted, double bytes) {
        static Rates of(List<RunResult> results) {
            List<IterationResult> iterations = results.stream()
                    .flatMap(result -> result.getBenchmarkResults().stream())
                    .flatMap(fork -> fork.getIterationResults().stream())
                    .toList();
            double headers =
                    iterations.stream().mapToDouble(i -> value(i, "headers")).sum();
            double bytes =
                    iterations.stream().mapToDouble(i -> value(i, "bytes")).sum();
            return new Rates(
                    iterations.stream()
                            .map(i -> value(i, "headers") * 1e9 / value(i, "cpuNanos"))
                            .sorted()
                            .toList(),
                    bytes / headers);
        }

        private static double value(IterationResult iteration, String counter) {
            return iteration.getSecondaryResults().get(counter).getScore();
        }

        double median() {
            return sorted.get(sorted.size() / 2);
        }

        String text() {
            return "%,.0f [%,.0f-%,.0f]".formatted(median(), sorted.getFirst(), sorted.getLast());
        }

        String against(long promised) {
            return " %s %,d".formatted(median() >= promised ? ">=" : "BELOW", promised);
        }
    }

    private static double total(RunResult result, String counter) {
        return result.getSecondaryResults().get(counter).getScore();
    }

    private static String row(RunResult result) {
        return String.join(
                " ",
                param(result, "algorithm"),
                param(result, "batch"),
                param(result, "links"),
                param(result, "newProcesses"));
    }

    private static List<RunResult> of(List<RunResult> row, String benchmark) {
        return row.stream()
                .filter(result -> result.getParams().getBenchmark().endsWith("." + benchmark))
                .toList();
    }

    private static String param(RunResult result, String name) {
        return result.getParams().getParam(name);
    }

    private static int number(RunResult result, String name) {
        return Integer.parseInt(param(result, name));
    }

    private static void latency(boolean quick) throws InterruptedException {
        SigningLatency latency = new SigningLatency();
        System.out.printf(
                "%nFrom a flow's arrival until its link is signed, on one event loop; the row without pace signs once a round%n"
                        + "%9s %8s %10s %10s %10s %10s%n",
                "flows/s", "pace", "p50", "p99", "flows/sig", "loop's CPU");
        for (int rate : new int[] {1_000, 10_000, 50_000}) {
            for (Duration pace : List.of(Duration.ZERO, Duration.ofNanos(500_000), Duration.ofMillis(1))) {
                SigningLatency.Result result = latency.run(rate, pace, quick ? 1 : 4);
                System.out.printf(
                        "%,9d %5d us %7.0f us %7.0f us %10.1f %9.0f %%%n",
                        rate,
                        pace.toNanos() / 1000,
                        result.p50Micros(),
                        result.p99Micros(),
                        result.flowsASignature(),
                        100 * result.loopCpu());
            }
        }
    }
}

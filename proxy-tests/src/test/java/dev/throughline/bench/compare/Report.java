package dev.throughline.bench.compare;

import com.google.errorprone.annotations.FormatMethod;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/** Prints the machine, the configurations and the tables. */
final class Report {
    private static final String LABEL = "%-40s";
    private static final String CELL = "%22s";

    private final List<ProxyPlan> plans;
    private final Settings settings;
    private final Results results;

    Report(List<ProxyPlan> plans, Settings settings, Results results) {
        this.plans = plans;
        this.settings = settings;
        this.results = results;
    }

    void printSetup() throws IOException {
        print(
                "Client, hop A, hop B and server on loopback; Linux %s, %d x %s, load average %s, Java %s%n",
                System.getProperty("os.version"),
                Runtime.getRuntime().availableProcessors(),
                processor(),
                Files.readString(Path.of("/proc/loadavg")).split(" ")[0],
                Runtime.version());
        print(
                "%d rounds of windows of %d ms; %d starts%n",
                settings.rounds(), settings.windowMillis(), settings.coldRounds());
        for (ProxyPlan plan : plans) {
            print("  %-15s %s%n", plan.name(), plan.description());
        }
    }

    private static String processor() throws IOException {
        return Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
                .filter(line -> line.startsWith("model name"))
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .findFirst()
                .orElse("processor");
    }

    void printResults(List<String> notes) {
        printRatios();
        printNumbers();
        printDetails();
        print("%n");
        notes.forEach(note -> print("%s%n", note));
    }

    private void printRatios() {
        print("%nRatios to HAProxy in the same round: median [quartiles]; less is better.%n"
                + "= no verdict: within the spread of the A/A pair, which is two equal chains of HAProxy.%n");
        print(LABEL + CELL, "CPU of both hops", Comparison.BASE);
        plans.stream().skip(1).forEach(plan -> print(CELL, plan.name()));
        print("%n");
        for (String row : results.rows()) {
            printRatioRow(row, row, unit(row), Window::cost);
        }
        print("%nTime to set up a connection and exchange 64 B%n");
        for (String row : results.rows()) {
            if (row.startsWith("connections")) {
                printRatioRow(row, "p50, " + row, "ms", Window::p50Millis);
                printRatioRow(row, "p99, " + row, "ms", Window::p99Millis);
            }
        }
    }

    private String unit(String row) {
        return results.windows(row, Comparison.BASE).getFirst().workload().isBulk() ? "ms/GiB" : "us";
    }

    private void printRatioRow(String row, String label, String unit, ToDoubleFunction<Window> value) {
        List<Double> base = values(row, Comparison.BASE, value);
        double band =
                Quartiles.ofRatios(values(row, Comparison.EQUAL, value), base).band();
        print(LABEL + CELL, label, number(Quartiles.of(base).median()) + " " + unit);
        for (ProxyPlan plan : plans.subList(1, plans.size())) {
            List<Double> own = values(row, plan.name(), value);
            if (own.isEmpty()) {
                print(CELL, "-");
                continue;
            }
            Quartiles ratio = Quartiles.ofRatios(own, base);
            boolean isVerdict = !plan.name().equals(Comparison.EQUAL) && ratio.isBeyond(band);
            print(
                    CELL,
                    "%s %s [%s-%s]"
                            .formatted(
                                    isVerdict ? " " : "=",
                                    number(ratio.median()),
                                    number(ratio.first()),
                                    number(ratio.third())));
        }
        print("%n");
    }

    private List<Double> values(String row, String chain, ToDoubleFunction<Window> value) {
        return results.windows(row, chain).stream().map(value::applyAsDouble).toList();
    }

    private void printNumbers() {
        print("%n" + LABEL, "Each hop (mean of both), medians");
        plans.forEach(plan -> print(CELL, plan.name()));
        print("%n");
        for (String row : results.numberRows()) {
            print(LABEL, row);
            for (ProxyPlan plan : plans) {
                List<Double> numbers = results.numbers(row, plan.name());
                print(
                        CELL,
                        numbers.isEmpty() ? "-" : number(Quartiles.of(numbers).median()));
            }
            print("%n");
        }
    }

    private void printDetails() {
        print(
                "%n" + LABEL + " %-15s %12s %8s %14s %10s %10s%n",
                "Medians of each chain",
                "",
                "CPU, 2 hops",
                "user",
                "rate",
                "p50",
                "p99");
        for (String row : results.rows()) {
            for (ProxyPlan plan : plans) {
                if (results.windows(row, plan.name()).isEmpty()) {
                    continue;
                }
                boolean isBulk = unit(row).equals("ms/GiB");
                print(
                        LABEL + " %-15s %12s %7.0f%% %14s %10s %10s%n",
                        row,
                        plan.name(),
                        number(median(row, plan, Window::cost)) + " " + unit(row),
                        100 * median(row, plan, Window::userPart),
                        number(median(row, plan, Window::rate)) + (isBulk ? " Gbit/s" : "/s"),
                        isBulk ? "-" : number(median(row, plan, Window::p50Millis)) + " ms",
                        isBulk ? "-" : number(median(row, plan, Window::p99Millis)) + " ms");
            }
        }
    }

    private double median(String row, ProxyPlan plan, ToDoubleFunction<Window> value) {
        return Quartiles.of(values(row, plan.name(), value)).median();
    }

    /** Three significant digits. */
    static String number(double value) {
        int decimals = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
        return String.format(Locale.ROOT, "%,." + decimals + "f", value);
    }

    @FormatMethod
    private static void print(String format, Object... values) {
        System.out.printf(Locale.ROOT, format, values);
    }
}

package dev.throughline.bench.compare;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;

/**
 * {@code ./throughline bench}: compares two hops of Throughline with two hops of HAProxy and of nginx on loopback. All chains
 * run at once, and each round visits all of them in random order, so that a slow minute of the machine affects all. An
 * idle chain costs nothing. A second chain of HAProxy, equal to the first, shows which differences are chance. Any error in
 * any window ends the benchmark.
 */
final class Comparison {
    static final String BASE = "HAProxy";
    static final String EQUAL = "A/A pair";
    private static final String SPLICE = "HAProxy splice";
    private static final String NGINX = "nginx";
    private static final String THROUGHLINE = "Throughline";

    private static final int SECOND = 1000;
    private static final int COLD_SECONDS = 10;
    private static final double WARM_SPREAD = 1.1;

    private final Settings settings;
    private final Path folder;
    private final Children children;
    private final Load load;
    private final Random random = new Random();
    private final Results results = new Results();
    private final List<String> notes = new ArrayList<>();

    private Comparison(Settings settings, Path folder, Children children) throws IOException {
        this.settings = settings;
        this.folder = folder;
        this.children = children;
        this.load = new Load(children);
    }

    public static void main(String[] args) throws IOException {
        Children children = new Children();
        Path folder = Files.createTempDirectory("throughline-bench");
        Runtime.getRuntime().addShutdownHook(new Thread(() -> removeAll(children, folder)));
        try {
            boolean quick = List.of(args).contains("--quick");
            new Comparison(quick ? Settings.QUICK : Settings.FULL, folder, children).run();
            System.exit(0);
        } catch (IOException e) {
            System.err.println("bench: " + e.getMessage());
            System.exit(1);
        }
    }

    private static void removeAll(Children children, Path folder) {
        children.endAll();
        try {
            MoreFiles.deleteRecursively(folder, RecursiveDeleteOption.ALLOW_INSECURE);
        } catch (IOException e) {
            System.err.println("bench: failed to delete " + folder + ": " + e.getMessage());
        }
    }

    private void run() throws IOException {
        long begin = System.nanoTime();
        List<ProxyPlan> plans = plans();
        Report report = new Report(plans, settings, results);
        report.printSetup();
        warmLoadProcesses();
        List<Chain> chains = measureCold(plans);
        for (Chain chain : chains) {
            warm(chain);
        }
        measureWorkloads(chains);
        countSyscalls(chains);
        for (Chain chain : chains) {
            measureMemory(chain);
        }
        report.printResults(notes);
        System.out.printf("%nThe benchmark took %d s.%n", (System.nanoTime() - begin) / 1_000_000_000);
    }

    private List<ProxyPlan> plans() throws IOException {
        FreePorts ports = new FreePorts();
        PeerPlans peers = new PeerPlans(folder, ports, load.backendPort());
        Path checkout = Path.of("..").toAbsolutePath().normalize();
        List<ProxyPlan> plans = new ArrayList<>();
        plans.add(peers.haproxy(BASE)
                .orElseThrow(() -> new IOException("haproxy isn't installed; all ratios are to it")));
        peers.haproxy(EQUAL).ifPresent(plans::add);
        peers.haproxySplice(SPLICE).ifPresent(plans::add);
        Optional<ProxyPlan> nginx = peers.nginx(NGINX);
        nginx.ifPresent(plans::add);
        if (nginx.isEmpty()) {
            notes.add("nginx: not measured, it or its stream module isn't installed");
        }
        plans.add(ThroughlinePlan.create(THROUGHLINE, checkout, folder, ports, load.backendPort()));
        return plans;
    }

    private static void progress(String text) {
        System.err.println("bench: " + text);
    }

    /** Lets the Java processes of client and backend compile, without a proxy between them. */
    private void warmLoadProcesses() throws IOException {
        load.connect(load.backendPort(), 16, SECOND);
        load.open(load.backendPort(), 16);
        for (String verb : List.of("echo", "download", "upload")) {
            load.use(verb, SECOND / 2);
        }
        load.close();
    }

    /** Starts each chain and loads it with connections for ten seconds, several times. Leaves all running. */
    private List<Chain> measureCold(List<ProxyPlan> plans) throws IOException {
        List<Chain> chains = new ArrayList<>();
        for (int round = 1; round <= settings.coldRounds(); round++) {
            progress("start and first seconds, round " + round + " of " + settings.coldRounds());
            chains.forEach(Chain::stop);
            chains.clear();
            for (ProxyPlan plan : shuffled(plans)) {
                Chain chain = Chain.start(plan, children);
                chains.add(chain);
                for (Chain.Start start : chain.starts()) {
                    results.addNumber("start to ready, ms", chain, start.nanos() / 1e6);
                    results.addNumber("CPU until ready, ms", chain, start.cpuNanos() / 1e6);
                }
                results.addNumber("memory at ready, MB", chain, chain.pssBytes() / 1e6);
                if (!plan.name().equals(SPLICE)) {
                    measureFirstSeconds(chain);
                }
            }
        }
        return chains;
    }

    private void measureFirstSeconds(Chain chain) throws IOException {
        for (int second = 1; second <= COLD_SECONDS; second++) {
            Window window = Workload.CONNECTIONS_16.run(load, chain, SECOND);
            switch (second) {
                case 1 -> results.add("connections, 1st second", chain, window);
                case 2 -> results.add("connections, 2nd second", chain, window);
                case COLD_SECONDS -> results.add("connections, 10th second", chain, window);
                default -> {}
            }
        }
        chain.truncateLogs();
    }

    private void warm(Chain chain) throws IOException {
        for (Workload workload : Workload.values()) {
            workload.run(load, chain, settings.windowMillis());
        }
        if (!chain.plan().name().equals(THROUGHLINE)) {
            return;
        }
        progress("warming up");
        List<Double> costs = new ArrayList<>();
        long connections = 0;
        while (costs.size() < settings.warmWindows()
                && (connections < settings.warmConnections() || !isSteady(costs))) {
            Window window = Workload.CONNECTIONS_16.run(load, chain, SECOND);
            costs.add(window.cost());
            connections += window.load().operations();
            chain.truncateLogs();
        }
        Workload.CONNECTIONS_16.run(load, chain, SECOND);
        notes.add("Throughline's warm windows began after %,d more connections; its last three windows %s within 10 %%"
                .formatted(connections, isSteady(costs) ? "agreed" : "did not agree"));
        notes.add(FlowEvidence.check(chain.lastLogLine()));
        chain.truncateLogs();
    }

    private static boolean isSteady(List<Double> costs) {
        if (costs.size() < 3) {
            return false;
        }
        List<Double> last = costs.subList(costs.size() - 3, costs.size());
        return Collections.max(last) <= WARM_SPREAD * Collections.min(last);
    }

    private void measureWorkloads(List<Chain> chains) throws IOException {
        for (Workload workload : Workload.values()) {
            progress(workload.label());
            for (int round = 0; round < settings.rounds(); round++) {
                for (Chain chain : shuffled(chains)) {
                    results.add(workload.label(), chain, workload.run(load, chain, settings.windowMillis()));
                    chain.truncateLogs();
                }
            }
        }
    }

    private void countSyscalls(List<Chain> chains) throws IOException {
        progress("system calls");
        SyscallCounter counter = new SyscallCounter(children, folder);
        for (Chain chain : chains) {
            long[] flows = new long[1];
            OptionalLong calls = counter.count(
                    chain.pids(),
                    () -> flows[0] = Workload.CONNECTIONS_16
                            .run(load, chain, SECOND)
                            .load()
                            .operations());
            if (calls.isEmpty()) {
                notes.add("system calls: not measured, neither perf nor strace can count here");
                return;
            }
            results.addNumber("system calls a flow and hop", chain, calls.getAsLong() / 2.0 / flows[0]);
        }
    }

    private void measureMemory(Chain chain) throws IOException {
        String name = chain.plan().name();
        if (name.equals(EQUAL) || name.equals(SPLICE)) {
            return;
        }
        progress("memory of " + name);
        long before = chain.pssBytes();
        results.addNumber("memory after load, MB", chain, before / 1e6);
        int open = 0;
        for (int held : settings.held()) {
            load.open(chain.plan().port(), held - open);
            open = held;
            Pause.millis(SECOND);
            long pss = chain.pssBytes();
            results.addNumber("memory with %,d flows, MB".formatted(held), chain, pss / 1e6);
            results.addNumber("memory a flow of %,d, KB".formatted(held), chain, (pss - before) / 1e3 / held);
        }
        load.close();
        Pause.millis(2 * SECOND);
        results.addNumber("memory when all are closed, MB", chain, chain.pssBytes() / 1e6);
        chain.truncateLogs();
    }

    private <T> List<T> shuffled(List<T> list) {
        List<T> shuffled = new ArrayList<>(list);
        Collections.shuffle(shuffled, random);
        return shuffled;
    }
}

package dev.throughline.bench;

import dev.throughline.header.Tuple;
import dev.throughline.identify.IdentifyLimits;
import dev.throughline.identify.ProcessIdentifier;
import dev.throughline.identify.SocketIdentity;
import dev.throughline.identify.ebpf.ConnectTracer;
import dev.throughline.identify.ebpf.TracerStartup;
import dev.throughline.originator.Evidence;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;

/**
 * The cost of identification with 500 processes and 10,000 sockets: CPU time on the event loop of the flow, and
 * on the threads that search. The processes are bash, each with twenty connections to this one.
 */
final class IdentificationCost {
    private static final int PROCESSES = 500;
    private static final int SOCKETS = 20;
    private static final int ROUNDS = 9;

    private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    private final List<Process> processes = new ArrayList<>();
    private final List<Socket> accepted = new ArrayList<>();
    private final List<Tuple> flows = new ArrayList<>();

    private IdentificationCost() {}

    static void print(boolean quick) throws IOException {
        IdentificationCost cost = new IdentificationCost();
        int rounds = quick ? 3 : ROUNDS;
        Optional<ConnectTracer> notes =
                TracerStartup.begin(1 << 17) instanceof TracerStartup.Started(ConnectTracer taken)
                        ? Optional.of(taken)
                        : Optional.empty();
        try (ProcessIdentifier identifier = ProcessIdentifier.open(IdentifyLimits.NORMAL)) {
            cost.open();
            System.out.printf(
                    "%nWho opened a flow, with %d processes and %,d sockets: CPU time, median [least-most] of %d rounds of %,d flows%n"
                            + "%-46s %24s %24s%n",
                    PROCESSES,
                    cost.flows.size(),
                    rounds,
                    cost.flows.size(),
                    "evidence",
                    "asking event loop, a flow",
                    "other threads, a flow");
            if (notes.isPresent()) {
                Runnable restart = () -> identifier.use(notes);
                Runnable nothing = () -> {};
                restart.run();
                cost.measured(identifier, rounds, cost.flows, nothing, Evidence.KERNEL_CONNECT);
                Row first = cost.measured(identifier, rounds, cost.oneOfEach(), restart, Evidence.KERNEL_CONNECT);
                Row further = cost.measured(identifier, rounds, cost.flows, nothing, Evidence.KERNEL_CONNECT);
                further.print("kernel-connect, a process seen before", 10);
                first.print("kernel-connect, a process's first flow", 0);
                identifier.use(Optional.empty());
            }
            cost.measured(identifier, rounds, cost.flows, () -> {}, Evidence.SOCKET_LOOKUP)
                    .print("socket-lookup, 10,000 flows that wait together", 0);
            cost.scan(identifier, rounds);
        } finally {
            cost.close();
            if (notes.isPresent()) {
                notes.get().close();
            }
        }
    }

    private void open() throws IOException {
        try (ServerSocket listener = new ServerSocket(0, 1024, InetAddress.getByName("127.0.0.1"))) {
            String connect = "for i in {1..%d}; do exec {fd}<>/dev/tcp/127.0.0.1/%d || exit 1; done; read -r line"
                    .formatted(SOCKETS, listener.getLocalPort());
            for (int i = 0; i < PROCESSES; i++) {
                processes.add(new ProcessBuilder("/bin/bash", "-c", connect).start());
                for (int j = 0; j < SOCKETS; j++) {
                    Socket end = listener.accept();
                    accepted.add(end);
                    flows.add(Tuple.tcp((InetSocketAddress) end.getRemoteSocketAddress(), (InetSocketAddress)
                            end.getLocalSocketAddress()));
                }
            }
        }
    }

    private List<Tuple> oneOfEach() {
        List<Tuple> first = new ArrayList<>();
        for (int i = 0; i < flows.size(); i += SOCKETS) {
            first.add(flows.get(i));
        }
        return first;
    }

    /** The CPU time of a flow in microseconds, for each round. */
    private record Row(double[] asking, double[] elsewhere) {
        /** @param promisedMicros documented maximum on the event loop, 0 for none */
        void print(String name, int promisedMicros) {
            String verdict = promisedMicros == 0
                    ? ""
                    : "  %s %d us".formatted(median(asking) <= promisedMicros ? "<=" : "ABOVE", promisedMicros);
            System.out.printf("%-46s %24s %24s%s%n", name, text(asking), text(elsewhere), verdict);
        }
    }

    private Row measured(
            ProcessIdentifier identifier, int rounds, List<Tuple> asked, Runnable before, Evidence expected) {
        Row row = new Row(new double[rounds], new double[rounds]);
        for (int round = 0; round < rounds; round++) {
            before.run();
            List<CompletableFuture<SocketIdentity>> answers = new ArrayList<>(asked.size());
            Map<Long, Long> others = others();
            long own = threads.getCurrentThreadCpuTime();
            for (Tuple flow : asked) {
                answers.add(identifier.identify(flow));
            }
            row.asking[round] = (threads.getCurrentThreadCpuTime() - own) / 1e3 / asked.size();
            long named = answers.stream()
                    .filter(answer -> answer.join().identity().evidence() == expected)
                    .count();
            row.elsewhere[round] = othersMicrosSince(others) / asked.size();
            if (named != asked.size()) {
                throw new IllegalStateException(expected + ": only " + named + " of " + asked.size());
            }
        }
        return row;
    }

    /** One flow at a time: each costs a scan of /proc. */
    private void scan(ProcessIdentifier identifier, int rounds) {
        double[] elsewhere = new double[rounds];
        for (int round = 0; round < rounds; round++) {
            Map<Long, Long> before = others();
            identifier.identify(flows.get(round)).join();
            elsewhere[round] = othersMicrosSince(before);
        }
        System.out.printf("%-46s %24s %24s%n", "a scan of /proc for one flow, as peers do", "", text(elsewhere));
    }

    /** CPU time of the identifier's own threads so far, by thread: some begin and end while it is measured. */
    private Map<Long, Long> others() {
        return Arrays.stream(threads.getThreadInfo(threads.getAllThreadIds()))
                .filter(info -> info != null && isIdentifiers(info))
                .collect(Collectors.toMap(
                        ThreadInfo::getThreadId, info -> threads.getThreadCpuTime(info.getThreadId())));
    }

    private double othersMicrosSince(Map<Long, Long> before) {
        return others().entrySet().stream()
                        .mapToLong(thread -> thread.getValue() - before.getOrDefault(thread.getKey(), 0L))
                        .sum()
                / 1e3;
    }

    private static boolean isIdentifiers(ThreadInfo thread) {
        String name = thread.getThreadName();
        return name.equals("socket-holders")
                || name.startsWith("process-reader")
                || name.startsWith("executable-digest");
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }

    private static String text(double[] micros) {
        return "%.1f us [%.1f-%.1f]"
                .formatted(
                        median(micros),
                        Arrays.stream(micros).min().orElseThrow(),
                        Arrays.stream(micros).max().orElseThrow());
    }

    private void close() throws IOException {
        processes.forEach(Process::destroyForcibly);
        for (Socket end : accepted) {
            end.close();
        }
    }
}

package dev.throughline.hop;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import dev.throughline.config.EngineChoice;
import dev.throughline.config.HopConfig;
import dev.throughline.config.ListenerConfig;
import dev.throughline.engine.epoll.EpollEngine;
import java.util.ArrayList;
import java.util.List;

/**
 * The sizes of a hop: how many flows, waiting flows, unfinished headers and remembered chains fit into the file descriptors and
 * the heap of its process. They are calculated before the hop opens anything. A limit that the configuration does not set is
 * lowered to the possible maximum. A configured limit above that is a problem.
 *
 * <p>Waiting flows and new flows have descriptors of their own: otherwise the waiting flows of one user would lock out the
 * connections of all other users.
 *
 * @param eventLoops event loops of flows
 * @param flows open flows
 * @param waiting flows that wait for a slot
 * @param halfOpenHeaders connections of all peers with an unfinished header
 * @param queues sockets of a listener at one address, to which the kernel assigns connections by user; a power of two
 * @param accepted accepted connections that wait for their user's turn
 * @param arriving new flows and flows that are being rejected; half of them may wait for their originator's turn
 * @param rows all flows: open, waiting, with an unfinished header, new and being rejected
 * @param adminConnections connections to the admin socket, and as many to the metrics address
 * @param pipesOfLoop directions that an event loop can splice at once
 * @param rememberedChains chains remembered against replay
 * @param bufferBytes memory for bytes that all flows have read and not yet sent
 * @param descriptors uses of descriptors
 * @param heap uses of heap, in bytes
 * @param problems configured limits that don't fit
 * @param lowered a message for each default that was lowered
 */
public record HopSizes(
        int eventLoops,
        int flows,
        int waiting,
        int halfOpenHeaders,
        int queues,
        int accepted,
        int arriving,
        int rows,
        int adminConnections,
        int pipesOfLoop,
        int rememberedChains,
        long bufferBytes,
        ImmutableList<Line> descriptors,
        ImmutableList<Line> heap,
        ImmutableList<Problem> problems,
        ImmutableList<String> lowered) {

    public static final String FLOWS = "limits.flows";
    public static final String WAITING = "budget.waiting";
    public static final String HALF_OPEN = "limits.half-open-headers-total";
    public static final String CHAINS = "limits.remembered-chains";

    /** Keys of the limits, as in a configuration. */
    public static final ImmutableList<String> KEYS = ImmutableList.of(FLOWS, WAITING, HALF_OPEN, CHAINS);

    private static final int FEWEST = 8;
    private static final int MOST_WAITING_OF_A_QUEUE = 64;
    /** The length of the queue of a listening socket. */
    private static final int MOST_ACCEPTED = 4096;

    private static final int MOST_QUEUES = 32;
    private static final int MOST_NAMING = 192;
    private static final int MOST_ADMIN_CONNECTIONS = 32;
    private static final int FEWEST_CHAINS = 1_000;

    /** An epoll instance, an eventfd and a timerfd. */
    private static final int PER_LOOP = 3;
    /** Its two ends. */
    private static final int PER_PIPE = 2;
    /** Netlink sockets for sock_diag and conntrack, eBPF programs, maps and links. */
    private static final int IDENTIFICATION = 16;
    /** Netlink sockets for rules, routes and links, and the two ends of two canaries. */
    private static final int INTERCEPTION = 12;
    /** Libraries that are loaded late, and files that a reload reads. */
    private static final int LATE = 8;

    private static final String RAISE_LIMIT = "raise it by LimitNOFILE= of the unit, or ulimit -n";
    private static final String RAISE_HEAP = "raise it by -Xmx in THROUGHLINE_JAVA_OPTS";

    private static final long KIB = 1L << 10;
    private static final long MIB = 1L << 20;
    /** A hop without flows uses 13 MiB after a collection; the rest is for the garbage between collections. */
    private static final long HEAP_BASE = 32 * MIB;
    /** Measured: 5.5 KiB for a plain flow; a received chain and the details of an originator come on top. */
    private static final long HEAP_PER_FLOW = 12 * KIB;

    private static final long HEAP_PER_CONNECTION = 3 * KIB;

    private static final long HEAP_PER_CHAIN = 250;
    /** Buffers of the flow log and of messages. */
    private static final long HEAP_OF_LOGS = 17 * MIB;

    /** One use: {@code count} times {@code each}. {@code key} is the limit that sets the count, or empty. */
    public record Line(String what, String key, long count, long each) {
        public long sum() {
            return count * each;
        }
    }

    /** A configured limit that doesn't fit, by its key, and why. */
    public record Problem(String key, String message) {}

    /** Returns how many connections of a queue's only user are accepted before the first ones had their turn. */
    int waitingPerQueue() {
        return Math.clamp(accepted / (2 * queues), 2, MOST_WAITING_OF_A_QUEUE);
    }

    /** Returns the sizes of a hop. {@code configured} are those of {@link #KEYS} that its configuration gives. */
    public static HopSizes of(HopConfig config, ImmutableSet<String> configured, ProcessLimits process) {
        return new Calculation(config, configured, process).sizes();
    }

    /** Returns the sum of {@code lines}. */
    public static long sum(List<Line> lines) {
        return lines.stream().mapToLong(Line::sum).sum();
    }

    private static final class Calculation {
        private final HopConfig config;
        private final ImmutableSet<String> configured;
        private final ProcessLimits process;
        private final List<Problem> problems = new ArrayList<>();
        private final List<String> lowered = new ArrayList<>();

        Calculation(HopConfig config, ImmutableSet<String> configured, ProcessLimits process) {
            this.config = config;
            this.configured = configured;
            this.process = process;
        }

        HopSizes sizes() {
            int adminConnections = scaled(32, MOST_ADMIN_CONNECTIONS);
            List<Line> descriptors = fixed(adminConnections);
            long others = sum(descriptors);
            long free = Math.max(0, process.descriptors() - others);
            int wanted = config.limits().flows();
            int share = Math.clamp(Math.min(free / 16, heapForFlows() / HEAP_PER_FLOW / 6), FEWEST, Integer.MAX_VALUE);
            int arriving = Math.min(wanted / 8 + 64, share);
            int waiting = fit(WAITING, config.budget().waiting(), share);
            int halfOpen = readsHeaders() ? fit(HALF_OPEN, config.limits().halfOpenHeadersTotal(), share) : 0;
            int accepted = Math.min(MOST_ACCEPTED, Math.max(FEWEST, share / 2));
            long flowsWithoutSlot = (long) arriving + waiting + halfOpen;
            long withoutSlot = accepted + flowsWithoutSlot;
            int byDescriptors = Math.clamp((free - withoutSlot) / 2, 1, wanted);
            int byHeap = Math.clamp(
                    (heapForFlows() - accepted * HEAP_PER_CONNECTION) / HEAP_PER_FLOW - flowsWithoutSlot, 1, wanted);
            int flows = Math.min(byDescriptors, byHeap);
            if (withoutSlot > free - 2 * FEWEST) {
                tooManyWithoutSlot(waiting, halfOpen, others);
            } else if (byDescriptors < wanted && byDescriptors <= byHeap) {
                tooManyFlows(
                        flows,
                        "%d descriptors, everything else needs %d, and this process may open %d (%s)"
                                .formatted(2L * wanted, others + withoutSlot, process.descriptors(), RAISE_LIMIT));
            } else if (byHeap < wanted) {
                tooManyFlows(
                        flows,
                        "%d MiB of heap, and %d MiB are available (%s)"
                                .formatted(wanted * HEAP_PER_FLOW / MIB, heapForFlows() / MIB, RAISE_HEAP));
            }
            descriptors.add(new Line("open flows", FLOWS, flows, 2));
            descriptors.add(new Line("waiting flows", WAITING, waiting, 1));
            if (halfOpen > 0) {
                descriptors.add(new Line("unfinished headers", HALF_OPEN, halfOpen, 1));
            }
            descriptors.add(new Line("accepted connections in the queue", "", accepted, 1));
            descriptors.add(new Line("arriving and refused flows", "", arriving, 1));
            int rows = Math.toIntExact(Math.min(Integer.MAX_VALUE, flows + flowsWithoutSlot));
            List<Line> heap = new ArrayList<>(List.of(
                    new Line("the hop itself", "", 1, HEAP_BASE),
                    new Line("log output buffers", "", 1, HEAP_OF_LOGS),
                    new Line("accepted connections in the queue", "", accepted, HEAP_PER_CONNECTION),
                    new Line("flow records", "", rows, HEAP_PER_FLOW)));
            int chains = config.limits().rememberedChains();
            if (verifies()) {
                chains = chains(heap);
                heap.add(new Line("remembered chains", CHAINS, chains, HEAP_PER_CHAIN));
            }
            return new HopSizes(
                    eventLoops(),
                    flows,
                    waiting,
                    readsHeaders() ? halfOpen : config.limits().halfOpenHeadersTotal(),
                    queues(),
                    accepted,
                    arriving,
                    rows,
                    adminConnections,
                    pipesOfLoop(),
                    chains,
                    process.directBytes() / 2,
                    ImmutableList.copyOf(descriptors),
                    ImmutableList.copyOf(heap),
                    ImmutableList.copyOf(problems),
                    ImmutableList.copyOf(lowered));
        }

        /** Returns the heap for flows: half of the free heap if chains are remembered as well. */
        private long heapForFlows() {
            long free = Math.max(0, process.heapBytes() - HEAP_BASE - HEAP_OF_LOGS);
            return verifies() ? free / 2 : free;
        }

        /** Returns the uses of descriptors beside flows. */
        private List<Line> fixed(int adminConnections) {
            List<Line> lines = new ArrayList<>();
            lines.add(new Line("the program: libraries, standard streams", "", process.openDescriptors() + LATE, 1));
            lines.add(new Line("event loops", "", eventLoops() + 2L, PER_LOOP));
            if (config.engine() == EngineChoice.EPOLL) {
                lines.add(new Line("pipes for splice", "", (long) eventLoops() * pipesOfLoop(), PER_PIPE));
            }
            lines.add(new Line("identification: netlink, eBPF", "", IDENTIFICATION, 1));
            lines.add(new Line("reads of processes and executables", "", scaled(16, MOST_NAMING), 1));
            lines.add(new Line("listening sockets", "", (long) listeningAddresses() * queues(), 1));
            lines.add(new Line(
                    "spare descriptors, to refuse connections when none is left",
                    "",
                    config.listeners().size(),
                    1));
            int admin = config.admin().metrics().isPresent() ? 2 : 1;
            lines.add(new Line("admin and metrics: sockets", "", admin, 2));
            lines.add(new Line("admin and metrics: connections", "", (long) admin * adminConnections, 1));
            if (config.listeners().stream().anyMatch(ListenerConfig.Intercepting.class::isInstance)) {
                lines.add(new Line("interception: netlink, canaries", "", INTERCEPTION, 1));
            }
            if (!config.routing().transports().isEmpty()) {
                lines.add(new Line(
                        "agent watches", "", config.routing().transports().size(), 2));
            }
            return lines;
        }

        private int eventLoops() {
            return config.limits().eventLoops().orElse(process.processors());
        }

        /** Returns how many directions an event loop can splice at once: at most a sixteenth of all descriptors are for that. */
        private int pipesOfLoop() {
            return Math.clamp(process.descriptors() / 16 / PER_PIPE / eventLoops(), 1, EpollEngine.MOST_PIPES_OF_LOOP);
        }

        /** Only epoll's sockets can have the program that chooses a queue. */
        private int queues() {
            if (config.engine() != EngineChoice.EPOLL) {
                return 1;
            }
            int addresses = Math.max(1, listeningAddresses());
            return Integer.highestOneBit(Math.max(1, scaled(16, MOST_QUEUES * addresses) / addresses));
        }

        private int listeningAddresses() {
            return config.listeners().stream().mapToInt(Calculation::addresses).sum();
        }

        /** Returns the number of addresses: interception needs IPv4 and IPv6. */
        private static int addresses(ListenerConfig listener) {
            return listener instanceof ListenerConfig.Intercepting ? 2 : 1;
        }

        private boolean readsHeaders() {
            return config.listeners().stream()
                    .anyMatch(listener ->
                            !(listener instanceof ListenerConfig.Apps || listener instanceof ListenerConfig.Forward));
        }

        private boolean verifies() {
            return config.listeners().stream().anyMatch(ListenerConfig::requiresHeader);
        }

        /** Returns a part of all descriptors, with a maximum. */
        private int scaled(int part, int most) {
            return Math.clamp(process.descriptors() / part, FEWEST, most);
        }

        private int fit(String key, int wanted, int most) {
            if (configured.contains(key) || wanted <= most) {
                return wanted;
            }
            lowered.add("%s is lowered from %d to %d".formatted(key, wanted, most));
            return most;
        }

        private void tooManyFlows(int flows, String why) {
            int wanted = config.limits().flows();
            if (configured.contains(FLOWS)) {
                problems.add(new Problem(FLOWS, "%d flows need %s; %d fit".formatted(wanted, why, flows)));
            } else {
                lowered.add(
                        "%s is lowered from %d to %d: %d flows need %s".formatted(FLOWS, wanted, flows, wanted, why));
            }
        }

        private void tooManyWithoutSlot(int waiting, int halfOpen, long others) {
            boolean more = halfOpen > waiting || !configured.contains(WAITING);
            String key =
                    more && configured.contains(HALF_OPEN) ? HALF_OPEN : configured.contains(WAITING) ? WAITING : FLOWS;
            problems.add(new Problem(
                    key,
                    "%d waiting flows and %d unfinished headers leave no descriptor for open flows: the hop itself needs %d, and this"
                                    .formatted(waiting, halfOpen, others)
                            + " process may open %d (%s)".formatted(process.descriptors(), RAISE_LIMIT)));
        }

        private int chains(List<Line> heap) {
            int wanted = config.limits().rememberedChains();
            long free = process.heapBytes() - sum(heap);
            int fit = Math.clamp(free / HEAP_PER_CHAIN, FEWEST_CHAINS, Integer.MAX_VALUE);
            if (fit >= wanted) {
                return wanted;
            }
            String why = "%d MiB of heap, and %d MiB are available (%s)"
                    .formatted(wanted * HEAP_PER_CHAIN / MIB, Math.max(0, free / MIB), RAISE_HEAP);
            if (configured.contains(CHAINS)) {
                problems.add(new Problem(CHAINS, "%d chains need %s; %d fit".formatted(wanted, why, fit)));
            } else {
                lowered.add(
                        "%s is lowered from %d to %d: %d chains need %s".formatted(CHAINS, wanted, fit, wanted, why));
            }
            return fit;
        }
    }
}

package dev.throughline.bench;

import com.google.common.collect.ImmutableList;
import com.google.common.net.InetAddresses;
import dev.throughline.flow.AcceptedConnection;
import dev.throughline.flow.CloseReason;
import dev.throughline.flow.CloseResult;
import dev.throughline.flow.FlowView;
import dev.throughline.flow.NextHop;
import dev.throughline.header.Tuple;
import dev.throughline.key.Algorithm;
import dev.throughline.originator.InterceptionMethod;
import dev.throughline.policy.Decision;
import dev.throughline.policy.Outcome;
import dev.throughline.report.FlowJson;
import dev.throughline.report.FlowLog;
import dev.throughline.report.IdNames;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The line of the flow log for a flow that ends, on the event loop, with the handing over to the writer: at a first hop, and at later
 * ones, which verified links. It measures the CPU time of the thread, independent of other work on the machine.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class FlowLogBenchmark {
    private static final CloseResult COMPLETED = new CloseResult(CloseReason.COMPLETED, "");
    private static final int FLOWS = 1024;

    /** The number of verified links. */
    @Param({"0", "1", "2"})
    public int links;

    private List<FlowView> flows = List.of();
    private final Discarded output = new Discarded();
    private final CallersLoop loop = new CallersLoop();
    private FlowLog log;
    private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();

    @Setup(Level.Trial)
    public void prepare() {
        Headers headers = new Headers(links + 1, Algorithm.ED25519);
        log = FlowLog.start(new FlowJson("z", new IdNames(headers.trust(), "z", "host")), false, output);
        log.addLoops(List.of(loop));
        flows = headers.known(FLOWS, false).stream()
                .map(FlowLogBenchmark::closed)
                .toList();
    }

    @TearDown(Level.Trial)
    public void end() {
        loop.shutdownNow();
        log.close();
    }

    /** The event loop is the thread of the benchmark; another thread has its timers. */
    private static final class CallersLoop extends ScheduledThreadPoolExecutor {
        CallersLoop() {
            super(1);
        }

        @Override
        public void execute(Runnable task) {
            task.run();
        }
    }

    /** An output that counts bytes. */
    private static final class Discarded implements WritableByteChannel {
        private final AtomicLong written = new AtomicLong();

        @Override
        public int write(ByteBuffer bytes) {
            int count = bytes.remaining();
            bytes.position(bytes.limit());
            written.addAndGet(count);
            return count;
        }

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public void close() {}
    }

    private static FlowView closed(Headers.Known known) {
        Tuple socket = Tuple.tcp(at("10.0.2.1", 41_000), at("10.0.2.2", 7_000));
        long nanos = 12_345_678;
        return new FlowView(
                4_711,
                "chain",
                FlowView.Stage.RELAYING,
                Instant.parse("2027-01-01T12:00:00.123456789Z"),
                Duration.ofNanos(nanos),
                Optional.of(Duration.ofNanos(1_234_567)),
                Optional.of(new AcceptedConnection.Tcp(InterceptionMethod.SOCKET, socket, socket, false)),
                Optional.empty(),
                known.received().map(verified -> verified),
                Optional.of(known.who()),
                Optional.of(new Decision(Optional.of("rest"), new Outcome.Allow(Optional.empty(), Optional.empty()))),
                Optional.of(new NextHop.Destination()),
                Optional.of("bsd-socket"),
                ImmutableList.of(),
                75,
                211);
    }

    private static InetSocketAddress at(String address, int port) {
        return new InetSocketAddress(InetAddresses.forString(address), port);
    }

    /** The result of one iteration. */
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.EVENTS)
    public static class Spent {
        public long lines;
        public long cpuNanos;
        public long bytes;
    }

    @Benchmark
    @OperationsPerInvocation(FLOWS)
    public void write(Spent spent) {
        long before = threads.getCurrentThreadCpuTime();
        for (FlowView flow : flows) {
            log.closed(flow, COMPLETED);
        }
        spent.cpuNanos += threads.getCurrentThreadCpuTime() - before;
        spent.lines += FLOWS;
        spent.bytes += output.written.getAndSet(0);
    }
}

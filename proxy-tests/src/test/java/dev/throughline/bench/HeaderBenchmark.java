package dev.throughline.bench;

import dev.throughline.chain.Signer;
import dev.throughline.chain.Verification;
import dev.throughline.chain.Verifier;
import dev.throughline.key.Algorithm;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * One batch for each operation: {@code sign} goes from the facts about each flow to the bytes of its header, {@code verify}
 * from these bytes to the verified originator, including all rules and the replay store. It measures the CPU
 * time of the thread, independent of other work on the machine.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 2, time = 2)
@Measurement(iterations = 3, time = 1)
public class HeaderBenchmark {
    /** Number of prepared headers, which are used in rounds; each round has a new verifier. */
    private static final int POOL = 16_384;

    @Param({"1", "8", "64", "256"})
    public int batch;

    @Param({"1", "3"})
    public int links;

    @Param({"ED25519"})
    public Algorithm algorithm;

    /** Whether each flow is of a new process; otherwise all are of one process. */
    @Param({"false", "true"})
    public boolean newProcesses;

    private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    private final List<List<Headers.Known>> known = new ArrayList<>();
    private final List<List<byte[]>> signed = new ArrayList<>();
    private Headers headers;
    private Signer signer;
    private Verifier verifier;
    private int toSign;
    private int toVerify;

    /** The result of one iteration. */
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.EVENTS)
    public static class Spent {
        public long headers;
        public long cpuNanos;
        public long bytes;
    }

    @Setup(Level.Trial)
    public void prepare() {
        headers = new Headers(links, algorithm);
        signer = headers.signer();
        verifier = headers.verifier();
        // Three links take a while to prepare.
        int flows = Math.max(batch, links == 1 ? POOL : POOL / 4);
        for (int i = 0; i < flows / batch; i++) {
            known.add(headers.known(batch, newProcesses));
            signed.add(headers.signed(signer, known.getLast()));
        }
    }

    @Benchmark
    public List<byte[]> sign(Spent spent) {
        if (toSign == known.size()) {
            toSign = 0;
            // A process that was seen in the last round is new to another signer.
            signer = newProcesses ? headers.signer() : signer;
        }
        List<Headers.Known> flows = known.get(toSign++);
        long before = threads.getCurrentThreadCpuTime();
        List<byte[]> bytes = headers.signed(signer, flows);
        spent.cpuNanos += threads.getCurrentThreadCpuTime() - before;
        spent.headers += batch;
        spent.bytes += (long) batch * bytes.getFirst().length;
        return bytes;
    }

    @Benchmark
    public int verify(Spent spent) {
        if (toVerify == signed.size()) {
            toVerify = 0;
            verifier = headers.verifier();
        }
        List<byte[]> bytes = signed.get(toVerify++);
        int verified = 0;
        long before = threads.getCurrentThreadCpuTime();
        for (byte[] header : bytes) {
            if (headers.verified(verifier, header) instanceof Verification.Verified) {
                verified++;
            }
        }
        spent.cpuNanos += threads.getCurrentThreadCpuTime() - before;
        if (verified != batch) {
            throw new IllegalStateException((batch - verified) + " headers of " + batch + " were refused");
        }
        spent.headers += batch;
        spent.bytes += (long) batch * bytes.getFirst().length;
        return verified;
    }
}

package dev.throughline.bench;

import dev.throughline.key.KeyFormatException;
import dev.throughline.key.PrivateKey;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.security.SecureRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The control: one Ed25519 signature and nothing else. Its code doesn't depend on headers, so its spread is
 * the machine's, and shows whether a difference is due to headers or to the machine.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 2, time = 2)
@Measurement(iterations = 3, time = 1)
public class BareSignatureBenchmark {
    private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    private final byte[] message = new byte[100];
    private final PrivateKey key = key();
    private final byte[] signature = key.sign(message);

    /** The result of one iteration. */
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.EVENTS)
    public static class Spent {
        public long headers;
        public long cpuNanos;
        public long bytes;
    }

    @Benchmark
    public byte[] sign(Spent spent) {
        long before = threads.getCurrentThreadCpuTime();
        byte[] signed = key.sign(message);
        return spent(spent, before, signed);
    }

    @Benchmark
    public byte[] verify(Spent spent) {
        long before = threads.getCurrentThreadCpuTime();
        if (!key.publicKey().verifies(message, signature)) {
            throw new IllegalStateException("its own signature was refused");
        }
        return spent(spent, before, signature);
    }

    private byte[] spent(Spent spent, long before, byte[] signature) {
        spent.cpuNanos += threads.getCurrentThreadCpuTime() - before;
        spent.headers++;
        spent.bytes += signature.length;
        return signature;
    }

    private static PrivateKey key() {
        try {
            return PrivateKey.generate("a", new SecureRandom());
        } catch (KeyFormatException e) {
            throw new IllegalStateException(e);
        }
    }
}

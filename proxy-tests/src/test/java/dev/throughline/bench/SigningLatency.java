package dev.throughline.bench;

import dev.throughline.chain.Chain;
import dev.throughline.chain.Signer;
import dev.throughline.chain.UnsignedChain;
import dev.throughline.flow.BatchSigner;
import dev.throughline.key.Algorithm;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * The latency that waiting for a shared signature adds: flows arrive at random at a rate, at an event loop that signs them as
 * a running hop does; a flow's latency is from its arrival until its chain is signed.
 */
final class SigningLatency {
    private static final int PROCESSES_FLOWS = 8_192;

    /**
     * The result of one run.
     *
     * @param loopCpu the event loop's CPU time as a part of one core
     */
    record Result(int rate, long flows, double p50Micros, double p99Micros, double flowsASignature, double loopCpu) {}

    private final Headers headers = new Headers(1, Algorithm.ED25519);
    private final List<Headers.Known> known = headers.known(PROCESSES_FLOWS, false);

    /** Flows at {@code rate} a second for {@code seconds}, after as long without counting. */
    Result run(int rate, Duration pace, int seconds) throws InterruptedException {
        MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        try {
            measure(group.next(), rate, pace, seconds);
            return measure(group.next(), rate, pace, seconds);
        } finally {
            group.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
        }
    }

    private Result measure(EventLoop loop, int rate, Duration pace, int seconds) throws InterruptedException {
        int flows = rate * seconds;
        long[] waits = new long[flows];
        BatchSigner batches = new BatchSigner(pace);
        Signer signer = headers.signer();
        CountDownLatch signed = new CountDownLatch(flows);
        Random gaps = new Random(rate);
        long cpuBefore = cpu(loop);
        long begin = System.nanoTime();
        double due = begin;
        for (int i = 0; i < flows; i++) {
            due += -Math.log(1 - gaps.nextDouble()) * 1e9 / rate;
            while (System.nanoTime() < due) {
                Thread.onSpinWait();
            }
            int flow = i;
            long arrived = (long) due;
            loop.execute(() -> {
                UnsignedChain chain = headers.unsigned(signer, known.get(flow % PROCESSES_FLOWS));
                batches.sign(loop, chain, new BatchSigner.Listener() {
                    @Override
                    public void signed(Chain done) {
                        waits[flow] = System.nanoTime() - arrived;
                        signed.countDown();
                    }

                    @Override
                    public void notSigned(Throwable why) {
                        throw new IllegalStateException(why);
                    }
                });
            });
        }
        signed.await();
        double elapsed = System.nanoTime() - begin;
        double loopCpu = (cpu(loop) - cpuBefore) / elapsed;
        Arrays.sort(waits);
        return new Result(
                rate,
                flows,
                waits[flows / 2] / 1e3,
                waits[(int) (flows * 0.99)] / 1e3,
                (double) batches.chains() / batches.signatures(),
                loopCpu);
    }

    private static long cpu(EventLoop loop) throws InterruptedException {
        long[] nanos = new long[1];
        CountDownLatch read = new CountDownLatch(1);
        loop.execute(() -> {
            nanos[0] = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
            read.countDown();
        });
        read.await();
        return nanos[0];
    }
}

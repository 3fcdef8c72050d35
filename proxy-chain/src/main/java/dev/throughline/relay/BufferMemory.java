package dev.throughline.relay;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The memory that all flows of a hop together may fill with bytes that were read and not yet sent. A flow counts what its buffers
 * occupy, not what they contain: one byte can occupy a buffer of 64 KiB. Safe for use by several threads.
 */
public final class BufferMemory implements MeterBinder {
    private final long limit;
    private final AtomicLong used = new AtomicLong();
    private volatile Runnable listener = () -> {};

    /** With {@code limit} in bytes. */
    public BufferMemory(long limit) {
        this.limit = limit;
    }

    /** Has {@code listener} called each time that more is taken though the limit is reached: on an event loop, so it must not wait. */
    public void onFull(Runnable newListener) {
        listener = newListener;
    }

    void take(int bytes) {
        if (used.addAndGet(bytes) > limit) {
            listener.run();
        }
    }

    void giveBack(int bytes) {
        used.addAndGet(-bytes);
    }

    /** Whether so much is used that a direction that has bytes to send reads no more. */
    boolean isScarce() {
        return used.get() > limit - limit / 4;
    }

    /** Returns how many bytes are used. */
    public long used() {
        return used.get();
    }

    /** Returns how many bytes may be used. */
    public long limit() {
        return limit;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        Gauge.builder("throughline.buffers.used.bytes", this, BufferMemory::used)
                .description("Memory of bytes that flows have read and not yet sent")
                .register(registry);
        Gauge.builder("throughline.buffers.limit.bytes", this, BufferMemory::limit)
                .description("Limit of that memory; above it, flows of the user with most of it are closed")
                .register(registry);
    }
}

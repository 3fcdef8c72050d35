package dev.throughline.relay;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The memory that all flows of a hop may use for bytes that were read and not yet sent. A flow counts the size of its buffers,
 * not of their content: one byte can occupy a buffer of 64 KiB. Thread-safe.
 */
public final class BufferMemory implements MeterBinder {
    private final long limit;
    private final AtomicLong used = new AtomicLong();
    private volatile Runnable listener = () -> {};

    /** Creates a limit in bytes. */
    public BufferMemory(long limit) {
        this.limit = limit;
    }

    /** Sets a listener that is called whenever memory is used above the limit: on an event loop, so it must not block. */
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

    /** Returns how many bytes are used. */
    public long used() {
        return used.get();
    }

    /** Returns the limit in bytes. */
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

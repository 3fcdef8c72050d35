package dev.throughline.platform.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The time since the host started, suspended time included (clock_gettime(2), CLOCK_BOOTTIME): the clock of process
 * start times. It can't be set, and runs at the same pace as the wall clock. Thread-safe.
 */
public final class BootClock {
    private static final int CLOCK_BOOTTIME = 7;
    private static final long NANOS_PER_SECOND = 1_000_000_000L;
    private static final long NANOS_PER_TICK = 10_000_000L;

    /** Memory for the result, one for each thread. */
    private static final ThreadLocal<Timespec> TIME = ThreadLocal.withInitial(Timespec::new);

    private static final class Timespec {
        private final Libc libc = new Libc();
        private final MemorySegment memory = Arena.ofAuto().allocate(16, 8);
        private final ByteBuffer time = memory.asByteBuffer().order(ByteOrder.nativeOrder());
    }

    /** Returns the time in units of proc(5)'s start times, 10 ms (USER_HZ is 100 on x86_64 and aarch64). */
    public long ticks() {
        return nanos() / NANOS_PER_TICK;
    }

    /** Returns the time in nanoseconds. */
    public long nanos() {
        Timespec now = TIME.get();
        if (now.libc.clockGettime(CLOCK_BOOTTIME, now.memory) != 0) {
            throw new AssertionError("every kernel since 2.6.39 has CLOCK_BOOTTIME");
        }
        return now.time.getLong(0) * NANOS_PER_SECOND + now.time.getLong(8);
    }
}

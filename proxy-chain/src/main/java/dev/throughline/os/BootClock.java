package dev.throughline.os;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The time since the host started, suspended time included (clock_gettime(2), CLOCK_BOOTTIME): the clock of process starts.
 * Thread-safe.
 */
public final class BootClock {
    private static final int CLOCK_BOOTTIME = 7;

    private final Libc libc = new Libc();
    private final MemorySegment time = Arena.ofAuto().allocate(16, 8);

    /** In units of proc(5)'s start times, 10 ms (USER_HZ is 100 on x86_64 and aarch64). */
    public synchronized long ticks() {
        if (libc.clockGettime(CLOCK_BOOTTIME, time) != 0) {
            throw new AssertionError("every kernel since 2.6.39 has CLOCK_BOOTTIME");
        }
        return time.get(JAVA_LONG, 0) * 100 + time.get(JAVA_LONG, 8) / 10_000_000;
    }
}

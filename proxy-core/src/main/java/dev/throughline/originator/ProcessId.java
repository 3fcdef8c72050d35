package dev.throughline.originator;

import java.util.OptionalLong;

/**
 * A process instance on one host and boot. The system reuses a pid, but not a pid with the same start time.
 *
 * @param pid the thread group id
 * @param startTime Linux: clock ticks since boot (proc(5), /proc/PID/stat, field 22), or {@link #START_NOT_KNOWN}; macOS: the
 *     pidversion
 */
public record ProcessId(int pid, long startTime) {
    /** An unknown start time: the process ended before it was read. No process that connects starts at time 0. */
    public static final long START_NOT_KNOWN = 0;

    /** {@return the start time, unsigned; empty if unknown} */
    public OptionalLong knownStart() {
        return startTime == START_NOT_KNOWN ? OptionalLong.empty() : OptionalLong.of(startTime);
    }

    /** {@return the pid as an unsigned number, as on the wire} */
    public long unsignedPid() {
        return Integer.toUnsignedLong(pid);
    }

    /** Written out: the generated one is slow without the optimizing compiler, and this runs for each flow. */
    @Override
    public boolean equals(Object other) {
        return other instanceof ProcessId that && pid == that.pid && startTime == that.startTime;
    }

    /** Written out: the generated one is slow without the optimizing compiler, and this runs for each flow. */
    @Override
    public int hashCode() {
        return 31 * pid + Long.hashCode(startTime);
    }
}

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
}

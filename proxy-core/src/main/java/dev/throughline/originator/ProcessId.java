package dev.throughline.originator;

import java.util.OptionalLong;

/**
 * One process instance on one host and boot: a pid alone is used again, a pid with its start time is not.
 *
 * @param pid the thread group, never a thread
 * @param startTime Linux: clock ticks since boot (proc(5), /proc/PID/stat, field 22), or {@link #START_NOT_KNOWN}; macOS: the
 *     pidversion
 */
public record ProcessId(int pid, long startTime) {
    /** The process had ended before its start could be read; no process that connects started with the host itself. */
    public static final long START_NOT_KNOWN = 0;

    /** {@return the start time, unsigned, unless it isn't known} */
    public OptionalLong knownStart() {
        return startTime == START_NOT_KNOWN ? OptionalLong.empty() : OptionalLong.of(startTime);
    }

    /** {@return the pid as the unsigned number that it is on the wire} */
    public long unsignedPid() {
        return Integer.toUnsignedLong(pid);
    }
}

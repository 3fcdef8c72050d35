package dev.throughline.ebpf;

import java.util.Locale;

/**
 * A part of the notes for which the kernel must lend a function that it may refuse: without a capability, locked down
 * (kernel_lockdown(7)), or too old. The rest is noted without it.
 */
public enum TracePart {
    /** What the calling thread is called. */
    COMMAND("bpf_get_current_comm", "the name of the process"),
    /** The control group. */
    CGROUP("bpf_get_current_cgroup_id", "the control group"),
    /** Start, effective user, and executable. */
    PROCESS("bpf_probe_read_kernel", "the start of the process and its executable"),
    /** The parent, with its executable. */
    PARENT("bpf_probe_read_kernel", "the parent process"),
    /** The socket's maker and mark. */
    SOCKET("bpf_skc_to_tcp_sock", "the mark of the socket"),
    /** What exec(2) was asked to run: the script of an interpreter. */
    EXEC("a tracepoint, sched_process_exec", "the script that an interpreter runs");

    private final String function;
    private final String meaning;

    TracePart(String function, String meaning) {
        this.function = function;
        this.meaning = meaning;
    }

    /** What the kernel must lend. */
    public String function() {
        return function;
    }

    /** What isn't noted without it. */
    public String meaning() {
        return meaning;
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}

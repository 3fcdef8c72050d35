package dev.throughline.identify.ebpf;

import java.util.Locale;

/**
 * An optional part of tracing. It needs a kernel function that may be unavailable: without a capability, under lockdown
 * (kernel_lockdown(7)), or on an old kernel. The other parts work without it.
 */
public enum TracePart {
    /** The name of the calling thread. */
    COMMAND("bpf_get_current_comm", "the name of the process"),
    /** The cgroup. */
    CGROUP("bpf_get_current_cgroup_id", "the control group"),
    /** Start time, effective user and executable. */
    PROCESS("bpf_probe_read_kernel", "the start of the process and its executable"),
    /** The parent process with its executable. */
    PARENT("bpf_probe_read_kernel", "the parent process"),
    /** The socket's creator and mark. */
    SOCKET("bpf_skc_to_tcp_sock", "the mark of the socket"),
    /** The path passed to exec(2): the script of an interpreter. */
    EXEC("a tracepoint, sched_process_exec", "the script that an interpreter runs");

    private final String function;
    private final String meaning;

    TracePart(String function, String meaning) {
        this.function = function;
        this.meaning = meaning;
    }

    /** Returns the required kernel function. */
    public String function() {
        return function;
    }

    /** Returns a description of the data that is missing without this part. */
    public String meaning() {
        return meaning;
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}

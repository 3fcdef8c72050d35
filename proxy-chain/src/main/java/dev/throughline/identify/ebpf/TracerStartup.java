package dev.throughline.identify.ebpf;

import dev.throughline.platform.linux.Capability;
import dev.throughline.platform.linux.Errno;
import dev.throughline.platform.linux.Mounts;
import dev.throughline.platform.linux.NetworkNamespace;
import dev.throughline.platform.linux.OsException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** The result of starting the connect tracer with the best method that this process is allowed to use. */
public sealed interface TracerStartup {
    /** The lockdown mode of the kernel. */
    Path LOCKDOWN = Path.of("/sys/kernel/security/lockdown");

    /** Tracing works; it is shared with other hops if there is a BPF file system. */
    record Started(ConnectTracer tracer) implements TracerStartup {}

    /**
     * Tracing isn't available.
     *
     * @param why the reason
     * @param hint how to make it available
     */
    record Unavailable(String why, String hint) implements TracerStartup {}

    /**
     * Starts tracing, or returns why it can't. Cheap checks come first, because this is retried periodically.
     *
     * @param capacity maximum number of sockets, if no hop is tracing yet; 0 to disable tracing
     */
    static TracerStartup begin(int capacity) {
        if (capacity == 0) {
            return new Unavailable("connect tracing is disabled (connect-notes: 0)", "");
        }
        try {
            Optional<Unavailable> outside = foreignNamespace();
            if (outside.isPresent()) {
                return outside.get();
            }
            NetworkNamespace.cookie();
            Set<Capability> missing = missing();
            if (!missing.isEmpty()) {
                String names = missing.stream().map(Capability::toString).collect(Collectors.joining(", "));
                return new Unavailable(
                        names + " missing", "run the hop with " + names + ", as deploy/throughline@.service does");
            }
            Optional<Path> cgroups = find("cgroup2");
            if (cgroups.isEmpty()) {
                return new Unavailable("no cgroup2 file system is mounted", "mount one, for example at /sys/fs/cgroup");
            }
            return new Started(start(cgroups.get(), capacity));
        } catch (OsException e) {
            return new Unavailable(String.valueOf(e.getMessage()), hint(e));
        } catch (IOException e) {
            return new Unavailable(e.toString(), "mount /proc");
        }
    }

    /**
     * Checks for the initial namespaces, whose numbers are the same on all hosts (linux/proc_ns.h). In another pid
     * namespace, the recorded ids would be those of other processes. In another cgroup namespace, processes outside it
     * would not be traced, even if they reuse addresses and ports of a traced one.
     */
    private static Optional<Unavailable> foreignNamespace() throws IOException {
        if (!Files.readSymbolicLink(Path.of("/proc/self/ns/pid")).equals(Path.of("pid:[4026531836]"))) {
            return Optional.of(new Unavailable(
                    "the hop has its own pid namespace, and the kernel reports ids of the initial one",
                    "run it in the host's pid namespace, for example docker run --pid=host"));
        }
        Path groups = Path.of("/proc/self/ns/cgroup");
        if (Files.isSymbolicLink(groups) && !Files.readSymbolicLink(groups).equals(Path.of("cgroup:[4026531835]"))) {
            return Optional.of(new Unavailable(
                    "the hop has its own cgroup namespace, and would trace processes of its own cgroup only",
                    "run it in the host's cgroup namespace, for example docker run --cgroupns=host"));
        }
        return Optional.empty();
    }

    /** Returns the missing capabilities. CAP_SYS_ADMIN includes CAP_BPF and CAP_PERFMON, which older kernels lack. */
    private static Set<Capability> missing() throws IOException {
        Set<Capability> needed = EnumSet.of(Capability.BPF, Capability.NET_ADMIN);
        Set<Capability> effective = Capability.effective();
        if (effective.contains(Capability.SYS_ADMIN)) {
            needed.remove(Capability.BPF);
        }
        needed.removeAll(effective);
        return needed;
    }

    private static ConnectTracer start(Path cgroups, int capacity) throws IOException {
        Optional<Path> bpffs = find("bpf");
        if (bpffs.isPresent()) {
            try {
                return ConnectTracer.shared(cgroups, capacity, bpffs.get());
            } catch (IOException notThere) {
                // Then tracing isn't shared with other hops.
            }
        }
        return ConnectTracer.open(cgroups, capacity);
    }

    private static Optional<Path> find(String type) throws IOException {
        Optional<Path> own = Mounts.own().whole(type);
        if (own.isPresent()) {
            return own;
        }
        try {
            return Mounts.ofTheFirstProcess().whole(type);
        } catch (IOException mayNotLook) {
            return Optional.empty();
        }
    }

    private static String hint(OsException e) {
        return switch (e.errno()) {
            case Errno.ENOSYS -> "this kernel or architecture has no bpf(2)";
            case Errno.EPERM -> "CAP_BPF and CAP_NET_ADMIN are needed in the initial user namespace";
            default ->
                e.call().startsWith("bpf(PROG_LOAD)")
                        ? "the kernel lacks a helper function that tracing needs: Linux 5.15 or newer is needed"
                        : "CONFIG_CGROUP_BPF is needed, and Linux 5.15 or newer";
        };
    }

    /** Returns how to enable {@code part}. */
    static String hint(TracePart part) {
        if (!mayFollowPointers()) {
            return "run the hop with " + Capability.PERFMON + ", as deploy/throughline@.service does";
        }
        return switch (lockdown()) {
            case "confidentiality" ->
                "lockdown=confidentiality (" + LOCKDOWN + ") forbids " + part.function()
                        + "; lockdown=integrity allows it";
            default -> "Linux 5.15 or newer with " + part.function() + " and CONFIG_DEBUG_INFO_BTF is needed";
        };
    }

    private static boolean mayFollowPointers() {
        try {
            Set<Capability> effective = Capability.effective();
            return effective.contains(Capability.PERFMON) || effective.contains(Capability.SYS_ADMIN);
        } catch (IOException e) {
            return true;
        }
    }

    /**
     * Returns the word in brackets in {@code none [integrity] confidentiality} (kernel_lockdown(7)); empty if
     * unreadable.
     */
    private static String lockdown() {
        try {
            String text = Files.readString(LOCKDOWN);
            return text.substring(text.indexOf('[') + 1, Math.max(text.indexOf(']'), text.indexOf('[') + 1));
        } catch (IOException e) {
            return "";
        }
    }
}

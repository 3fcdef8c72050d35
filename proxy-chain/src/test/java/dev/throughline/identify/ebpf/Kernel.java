package dev.throughline.identify.ebpf;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.throughline.platform.linux.Capability;
import dev.throughline.platform.linux.Mounts;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;

/** The kernel of this host, and whether it accepts eBPF programs. */
public final class Kernel {
    private Kernel() {}

    /** Skips the test if programs can't be attached to all processes. */
    public static void assumeTracingIsPossible() throws IOException {
        assumeTrue(
                Capability.effective().containsAll(Set.of(Capability.BPF, Capability.NET_ADMIN, Capability.PERFMON)),
                "needs CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON");
    }

    /** Returns the mount point of cgroup v2. */
    public static Path cgroups() throws IOException {
        return Mounts.own().whole("cgroup2").orElseThrow(() -> new IOException("no cgroup v2 here"));
    }
}

package dev.throughline.identify.ebpf;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.throughline.platform.linux.Capability;
import dev.throughline.platform.linux.Mounts;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;

/** The kernel that the tests run on, as far as it lets itself be given programs. */
public final class Kernel {
    private Kernel() {}

    /** Skips the test where programs can't be attached to all processes. */
    public static void assumeNotesCanBeTaken() throws IOException {
        assumeTrue(
                Capability.effective().containsAll(Set.of(Capability.BPF, Capability.NET_ADMIN, Capability.PERFMON)),
                "needs CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON");
    }

    /** Where cgroup v2 is mounted. */
    public static Path cgroups() throws IOException {
        return Mounts.own().whole("cgroup2").orElseThrow(() -> new IOException("no cgroup v2 here"));
    }
}

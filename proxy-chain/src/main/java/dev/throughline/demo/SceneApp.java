package dev.throughline.demo;

import dev.throughline.chain.Claimed;
import dev.throughline.header.Bytes;
import dev.throughline.originator.Audit;
import dev.throughline.originator.Code;
import dev.throughline.originator.Credentials;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.OperatingSystem;
import dev.throughline.originator.ProcessContext;
import dev.throughline.originator.ProcessId;
import dev.throughline.originator.ProcessIdentity;
import dev.throughline.originator.Workload;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * An application on macOS, as an agent reports the originator of its flows.
 *
 * @param name of the application
 * @param pid of its process
 */
public record SceneApp(String name, int pid) {
    private static final int PID_VERSION = 7;

    /** Returns the path of its executable. */
    public String executable() {
        return "/Applications/" + name + ".app";
    }

    /** Returns its process as the agent claims it. */
    public Claimed<ProcessIdentity> identity() {
        // The eight words of an audit_token_t (bsm/audit.h).
        String token = "%08x%08x%08x%08x%08x%08x%08x%08x".formatted(501, 501, 20, 501, 20, pid, 100_005, PID_VERSION);
        Audit audit = new Audit(OptionalLong.of(501), OptionalLong.of(100_005), Optional.of(Bytes.ofHex(token)));
        return new Claimed<>(new ProcessIdentity(
                Evidence.BRIDGE,
                OperatingSystem.MACOS,
                Optional.of(new ProcessId(pid, PID_VERSION)),
                Optional.of(new Credentials(501, 501, 20)),
                new Code(Optional.of(executable()), Optional.empty(), Optional.empty()),
                Workload.UNKNOWN,
                ProcessContext.UNKNOWN.withAudit(audit)));
    }
}

package dev.throughline.report;

import dev.throughline.originator.Code;
import dev.throughline.originator.Credentials;
import dev.throughline.originator.ExecutableState;
import dev.throughline.originator.FileId;
import dev.throughline.originator.Originator;
import dev.throughline.originator.ProcessContext;
import dev.throughline.originator.ProcessId;
import dev.throughline.originator.ProcessIdentity;
import dev.throughline.originator.Workload;
import java.util.UUID;

/** The JSON form of an originator. */
public final class OriginatorJson {
    private OriginatorJson() {}

    /** Writes all known facts about {@code originator}. */
    public static void write(Json out, Originator originator, IdNames names) {
        out.put("host", names.of(originator.host()));
        rest(out, originator);
    }

    /** Writes what {@link #write} writes after the host. */
    static void rest(Json out, Originator originator) {
        out.putIdentity(originator.identity());
        out.put("source", originator.tuple().source())
                .put("destination", originator.tuple().destination())
                .put("way_in", originator.wayIn().toString())
                .put("observed_at", originator.observedAt());
    }

    /** Writes a process and its evidence. */
    public static void identity(Json out, ProcessIdentity who) {
        out.putIdentity(who);
    }

    /** Writes what may differ between flows that have the same details. */
    static void process(Json out, ProcessIdentity who) {
        out.put("evidence", who.evidence().toString()).put("os", who.system().toString());
        ProcessId process = who.process().orElse(null);
        if (process != null) {
            out.put("pid", process.unsignedPid()).putUnsigned("start_time", process.knownStart());
        }
        Credentials ids = who.credentials().orElse(null);
        if (ids != null) {
            out.put("uid", ids.unsignedUid());
            if (ids.effectiveUid() != Credentials.NOT_KNOWN) {
                out.put("euid", ids.unsignedEffectiveUid());
            }
            if (ids.gid() != Credentials.NOT_KNOWN) {
                out.put("gid", ids.unsignedGid());
            }
        }
    }

    /** Writes what all flows of a process have in common. */
    static void details(Json out, ProcessIdentity who) {
        processContext(out, who.processContext());
        code(out, who.code());
        workload(out, who.workload());
    }

    private static void processContext(Json out, ProcessContext processContext) {
        out.put("user", processContext.userName())
                .putUnsigned("audit_user", processContext.audit().user())
                .putUnsigned("audit_session", processContext.audit().session())
                .putHex("audit_token", processContext.audit().token());
        ProcessId parent = processContext.parent().orElse(null);
        if (parent != null) {
            out.put("parent_pid", parent.unsignedPid()).putUnsigned("parent_start_time", parent.knownStart());
        }
        out.put("parent_exe", processContext.parentExecutable())
                .putHex("parent_sha256", processContext.parentSha256())
                .putHex("command_line_hmac", processContext.commandLineHash());
    }

    private static void code(Json out, Code code) {
        out.put("exe", code.executable())
                .put("exe_state", code.state().map(ExecutableState::toString))
                .put("exe_file", code.file().map(FileId::toString))
                .putHex("exe_sha256", code.sha256())
                .put("script", code.script())
                .put("comm", code.command())
                .put("signing_id", code.signature().signingId())
                .put("team_id", code.signature().teamId())
                .putHex("cdhash", code.signature().cdhash());
    }

    private static void workload(Json out, Workload workload) {
        out.put("unit", workload.unit())
                .put("container", workload.container())
                .put("pod", workload.pod().map(UUID::toString))
                .put("cgroup", workload.cgroup())
                .putUnsigned("network_namespace", workload.namespaces().network())
                .putUnsigned("pid_namespace", workload.namespaces().pid())
                .putHex("boot_id", workload.bootId());
    }
}

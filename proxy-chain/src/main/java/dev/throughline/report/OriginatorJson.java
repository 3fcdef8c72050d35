package dev.throughline.report;

import dev.throughline.header.Tuple;
import dev.throughline.originator.Code;
import dev.throughline.originator.Credentials;
import dev.throughline.originator.ExecutableState;
import dev.throughline.originator.FileId;
import dev.throughline.originator.Originator;
import dev.throughline.originator.Person;
import dev.throughline.originator.Placement;
import dev.throughline.originator.ProcessIdentity;
import java.util.UUID;

/** An originator as JSON. */
public final class OriginatorJson {
    private OriginatorJson() {}

    /** Everything that is known of {@code originator}. */
    public static void write(Json out, Originator originator, IdNames names) {
        out.put("host", names.of(originator.host()));
        identity(out, originator.identity());
        out.put("source", Tuple.text(originator.tuple().source()))
                .put("destination", Tuple.text(originator.tuple().destination()))
                .put("way_in", originator.wayIn().toString())
                .put("observed_at", originator.observedAt().toString());
    }

    /** A process and by what evidence it is known. */
    public static void identity(Json out, ProcessIdentity who) {
        out.put("evidence", who.evidence().toString()).put("os", who.system().toString());
        who.process()
                .ifPresent(process ->
                        out.put("pid", process.unsignedPid()).putUnsigned("start_time", process.knownStart()));
        who.credentials().ifPresent(ids -> {
            out.put("uid", ids.unsignedUid());
            if (ids.effectiveUid() != Credentials.NOT_KNOWN) {
                out.put("euid", ids.unsignedEffectiveUid());
            }
            if (ids.gid() != Credentials.NOT_KNOWN) {
                out.put("gid", ids.unsignedGid());
            }
        });
        person(out, who.person());
        code(out, who.code());
        placement(out, who.placement());
    }

    private static void person(Json out, Person person) {
        out.put("user", person.userName())
                .putUnsigned("audit_user", person.audit().user())
                .putUnsigned("audit_session", person.audit().session())
                .putHex("audit_token", person.audit().token());
        person.parent()
                .ifPresent(parent -> out.put("parent_pid", parent.unsignedPid())
                        .putUnsigned("parent_start_time", parent.knownStart()));
        out.put("parent_exe", person.parentExecutable())
                .putHex("parent_sha256", person.parentSha256())
                .putHex("command_line_hmac", person.commandLineHash());
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

    private static void placement(Json out, Placement placement) {
        out.put("unit", placement.unit())
                .put("container", placement.container())
                .put("pod", placement.pod().map(UUID::toString))
                .put("cgroup", placement.cgroup())
                .putUnsigned("network_namespace", placement.namespaces().network())
                .putUnsigned("pid_namespace", placement.namespaces().pid())
                .putHex("boot_id", placement.bootId());
    }
}

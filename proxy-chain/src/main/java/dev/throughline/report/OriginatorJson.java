package dev.throughline.report;

import dev.throughline.header.Tuple;
import dev.throughline.originator.Credentials;
import dev.throughline.originator.Originator;
import dev.throughline.originator.ProcessIdentity;

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
                .ifPresent(process -> out.put("pid", process.unsignedPid()).put("start_time", process.startTime()));
        who.credentials().ifPresent(ids -> {
            out.put("uid", ids.unsignedUid());
            if (ids.effectiveUid() != Credentials.NOT_KNOWN) {
                out.put("euid", ids.unsignedEffectiveUid());
            }
            if (ids.gid() != Credentials.NOT_KNOWN) {
                out.put("gid", ids.unsignedGid());
            }
        });
        out.put("user", who.person().userName())
                .put("exe", who.code().executable())
                .putHex("exe_sha256", who.code().sha256())
                .put("comm", who.code().command())
                .put("cgroup", who.placement().cgroup())
                .putHex("boot_id", who.placement().bootId());
    }
}

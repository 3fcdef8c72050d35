package dev.throughline.cli;

import dev.throughline.chain.CaptureCheck;
import dev.throughline.chain.Chain;
import dev.throughline.chain.ChainRead;
import dev.throughline.chain.Detail;
import dev.throughline.chain.Link;
import dev.throughline.chain.SignedLink;
import dev.throughline.chain.Verification;
import dev.throughline.header.Bytes;
import dev.throughline.header.Header;
import dev.throughline.header.Tlv;
import dev.throughline.header.Tuple;
import dev.throughline.key.Algorithm;
import dev.throughline.originator.Code;
import dev.throughline.originator.HopId;
import dev.throughline.originator.Originator;
import dev.throughline.originator.ProcessContext;
import dev.throughline.originator.ProcessId;
import dev.throughline.originator.ProcessIdentity;
import dev.throughline.originator.Workload;
import dev.throughline.report.IdNames;
import dev.throughline.report.Json;
import dev.throughline.report.OriginatorJson;
import dev.throughline.report.VerificationJson;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * The text and JSON forms of a header with all its fields. The fields of a chain are claims; the last part says whether
 * they are verified.
 */
final class HeaderText {
    private final IdNames names;
    private final Set<Detail.Kind> opened;

    /** @param opened closed details that an opening outside the header proves */
    HeaderText(IdNames names, Set<Detail.Kind> opened) {
        this.names = names;
        this.opened = opened;
    }

    String readable(Header header, ChainRead read, int given, Optional<CaptureCheck> verification) {
        StringBuilder out = new StringBuilder();
        int length = header.raw().length();
        out.append("PROXY v2 header, %d bytes%s%n"
                .formatted(
                        length, given > length ? ", followed by %d bytes of payload".formatted(given - length) : ""));
        line(out, "command", header.command().toString());
        header.tuple().ifPresent(tuple -> {
            line(out, "transport", tuple.transport().toString());
            line(out, "source", Tuple.text(tuple.source()));
            line(out, "destination", Tuple.text(tuple.destination()));
        });
        for (Tlv tlv : header.tlvs()) {
            line(out, "TLV 0x%02X".formatted(tlv.type()), tlv.value().length() + " bytes");
        }
        if (read instanceof ChainRead.Found found) {
            chain(out, found.chain());
        }
        out.append(verdict(verification));
        return out.toString();
    }

    private void chain(StringBuilder out, Chain chain) {
        Originator who = chain.origin().claim().unverified();
        out.append("origin, as claimed by ")
                .append(hop(chain.links().getFirst().link().hop()))
                .append('\n');
        line(out, "host", names.find(who.host()).orElse("id " + who.host() + " (no trusted key names this host)"));
        line(out, "flow", who.flow().toString());
        line(out, "observed at", who.observedAt().toString());
        line(out, "flow's source", Tuple.text(who.tuple().source()));
        line(out, "destination", Tuple.text(who.tuple().destination()));
        line(out, "intercepted by", who.wayIn().toString());
        identity(out, who.identity());
        for (Detail detail : chain.origin().details()) {
            if (detail instanceof Detail.Closed(Detail.Kind kind, Bytes commitment)) {
                line(out, kind.toString(), "closed, commitment " + commitment.toHex());
            } else if (opened.contains(detail.kind())) {
                line(
                        out,
                        detail.kind().toString(),
                        "received closed; the opening matches the commitment "
                                + detail.commitment().toHex());
            }
        }
        for (SignedLink signed : chain.links()) {
            link(out, signed);
        }
    }

    private static void identity(StringBuilder out, ProcessIdentity who) {
        line(out, "evidence", who.evidence().toString());
        line(out, "system", who.system().toString());
        who.process().ifPresent(process -> line(out, "process", instance(process)));
        who.credentials()
                .ifPresent(c -> line(
                        out,
                        "ids",
                        "uid " + c.unsignedUid() + ", effective uid " + c.unsignedEffectiveUid() + ", gid "
                                + c.unsignedGid()));
        processContext(out, who.processContext());
        code(out, who.code());
        workload(out, who.workload());
    }

    private static String instance(ProcessId process) {
        OptionalLong start = process.knownStart();
        return "pid " + process.unsignedPid()
                + (start.isPresent() ? ", start time " + Long.toUnsignedString(start.getAsLong()) : "");
    }

    private static void processContext(StringBuilder out, ProcessContext processContext) {
        processContext.userName().ifPresent(user -> line(out, "user", user));
        processContext.audit().user().ifPresent(user -> line(out, "audit user", String.valueOf(user)));
        processContext.audit().session().ifPresent(session -> line(out, "audit session", String.valueOf(session)));
        processContext.audit().token().map(Bytes::toHex).ifPresent(token -> line(out, "audit token", token));
        processContext.parent().ifPresent(parent -> line(out, "parent", instance(parent)));
        processContext.parentExecutable().ifPresent(path -> line(out, "parent program", path));
        processContext.parentSha256().map(Bytes::toHex).ifPresent(hash -> line(out, "parent SHA-256", hash));
        processContext.commandLineHash().map(Bytes::toHex).ifPresent(hash -> line(out, "command line", "HMAC " + hash));
    }

    private static void code(StringBuilder out, Code code) {
        code.executable().ifPresent(path -> line(out, "executable", path));
        code.state().ifPresent(state -> line(out, "path state", state.toString()));
        code.file().ifPresent(file -> line(out, "file", file.toString()));
        code.sha256().map(Bytes::toHex).ifPresent(hash -> line(out, "SHA-256", hash));
        code.script().ifPresent(path -> line(out, "script", path));
        code.command().ifPresent(command -> line(out, "command name", command));
        code.signature().signingId().ifPresent(id -> line(out, "signing id", id));
        code.signature().teamId().ifPresent(id -> line(out, "team id", id));
        code.signature().cdhash().map(Bytes::toHex).ifPresent(hash -> line(out, "cdhash", hash));
    }

    private static void workload(StringBuilder out, Workload workload) {
        workload.unit().ifPresent(unit -> line(out, "unit", unit));
        workload.container().ifPresent(id -> line(out, "container", id));
        workload.pod().ifPresent(pod -> line(out, "pod", pod.toString()));
        workload.cgroup().ifPresent(path -> line(out, "cgroup", path));
        workload.namespaces().network().ifPresent(inode -> line(out, "network ns", Long.toUnsignedString(inode)));
        workload.namespaces().pid().ifPresent(inode -> line(out, "pid ns", Long.toUnsignedString(inode)));
        workload.bootId().map(Bytes::toHex).ifPresent(id -> line(out, "boot id", id));
    }

    private void link(StringBuilder out, SignedLink signed) {
        Link link = signed.link();
        out.append("link %d, from %s to %s%n".formatted(link.index(), hop(link.hop()), hop(link.audience())));
        line(out, "issued at", link.issuedAt() + ", for " + link.ttl().toMillis() + " ms");
        line(
                out,
                "inbound",
                link.ingress()
                        + link.observedPeer()
                                .map(peer -> " from " + Tuple.text(peer))
                                .orElse(""));
        line(out, "outbound", link.egress() + " by " + link.outgoing());
        link.exporter().ifPresent(bytes -> line(out, "TLS exporter", bytes.toHex()));
        line(out, "key", link.key().toString());
        line(
                out,
                "signature",
                "%s, leaf %d of %d"
                        .formatted(
                                Algorithm.name(signed.proof().algorithm()),
                                signed.proof().leafIndex(),
                                signed.proof().treeSize()));
    }

    /** A header has ids of hops; their names come from the trust file. */
    private String hop(HopId hop) {
        return names.find(hop).map(name -> "hop " + name).orElse("hop id " + hop + " (no trusted key names this hop)");
    }

    private static String verdict(Optional<CaptureCheck> verification) {
        return switch (verification.orElse(null)) {
            case null -> "not verified: no trust file given (--trust FILE)\n";
            case CaptureCheck.Genuine genuine ->
                "verified: signed by "
                        + String.join(
                                ", ",
                                genuine.signers().stream()
                                        .map(key -> key.hopName() + " (" + key.id() + ")")
                                        .toList())
                        + "\n";
            case CaptureCheck.Refused(Verification.Rejected rejected) ->
                "not verified: " + rejected.reason()
                        + (rejected.link() < 0 ? "" : ", link " + rejected.link()) + ": "
                        + rejected.reason().meaning() + " ("
                        + rejected.detail() + ")\n";
        };
    }

    String json(Header header, ChainRead read, Optional<CaptureCheck> verification) {
        return Json.object(out -> {
            out.put("bytes", header.raw().length())
                    .put("command", header.command().toString());
            header.tuple()
                    .ifPresent(tuple -> out.put("transport", tuple.transport().toString())
                            .put("source", Tuple.text(tuple.source()))
                            .put("destination", Tuple.text(tuple.destination())));
            out.putAll(
                    "tlvs",
                    header.tlvs(),
                    (item, tlv) -> item.put("type", tlv.type())
                            .put("bytes", tlv.value().length()));
            if (read instanceof ChainRead.Found found) {
                claimed(out, found.chain());
            }
            out.put(
                    "verification",
                    v -> verification.ifPresentOrElse(
                            answer -> VerificationJson.write(v, answer, names), () -> v.put("result", "not-checked")));
        });
    }

    private void claimed(Json out, Chain chain) {
        Originator who = chain.origin().claim().unverified();
        out.put("claimed_origin", origin -> {
            origin.put("flow", who.flow().toString());
            OriginatorJson.write(origin, who, names);
            origin.putAll("details", chain.origin().details(), (item, detail) -> {
                boolean proven = opened.contains(detail.kind());
                item.put("kind", detail.kind().toString())
                        .put("open", detail instanceof Detail.Open && !proven)
                        .put("commitment", detail.commitment().toHex());
                if (proven) {
                    item.put("proven", true);
                }
            });
        });
        out.putAll("claimed_links", chain.links(), (item, signed) -> {
            VerificationJson.link(item, signed.link(), names);
            item.put("key", signed.link().key().toString())
                    .put("algorithm", signed.proof().algorithm())
                    .put("tree_size", signed.proof().treeSize())
                    .put("leaf_index", signed.proof().leafIndex())
                    .put("signature", signed.proof().signature().toHex());
        });
    }

    private static void line(StringBuilder out, String name, String value) {
        out.append("  %-14s %s%n".formatted(name, value));
    }
}

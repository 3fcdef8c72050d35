package dev.throughline.report;

import dev.throughline.chain.Link;
import dev.throughline.chain.Opening;
import dev.throughline.chain.Verification;
import dev.throughline.flow.CloseResult;
import dev.throughline.flow.FlowView;
import dev.throughline.flow.NextHop;
import dev.throughline.header.Bytes;
import dev.throughline.header.Tuple;
import dev.throughline.key.PublicKey;
import dev.throughline.originator.Code;
import dev.throughline.originator.Credentials;
import dev.throughline.originator.ExecutableState;
import dev.throughline.originator.FileId;
import dev.throughline.originator.Originator;
import dev.throughline.originator.ProcessContext;
import dev.throughline.originator.ProcessIdentity;
import dev.throughline.originator.Workload;
import dev.throughline.policy.Decision;
import dev.throughline.policy.Outcome;
import java.io.StringWriter;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/**
 * The line of a closed flow, written by Jackson with the text forms of the types. {@link FlowJson}, which encodes bytes itself, must
 * write the same.
 */
final class JacksonFlowLine {
    private final String hop;
    private final IdNames names;

    JacksonFlowLine(String hop, IdNames names) {
        this.hop = hop;
        this.names = names;
    }

    String closed(FlowView flow, CloseResult ending) {
        return Members.object(out -> {
            out.put("time", flow.acceptedAt().plus(flow.age()).toString()).put("event", "flow.close");
            out.put("reason", ending.reason().toString());
            if (!ending.detail().isEmpty()) {
                out.put("detail", ending.detail());
            }
            write(out, flow);
        });
    }

    private void write(Members out, FlowView flow) {
        out.put("hop", hop).put("listener", flow.listener()).put("number", flow.number());
        flow.originator().ifPresent(who -> out.put("flow", who.flow().toString()));
        out.put("stage", flow.stage().toString());
        flow.originator().ifPresent(who -> out.put("originator", o -> originator(o, who, names)));
        flow.connection()
                .ifPresent(arrival -> out.put("arrival", a -> {
                    a.put("way", arrival.method().toString());
                    arrival.connection()
                            .ifPresent(socket -> a.put("source", Tuple.text(socket.source()))
                                    .put("destination", Tuple.text(socket.destination())));
                }));
        flow.owner()
                .ifPresent(owner -> out.put("kernel", k -> {
                    identity(k, owner.identity());
                    owner.mark().ifPresent(mark -> k.put("mark", mark));
                }));
        flow.verification().ifPresent(v -> out.put("verification", j -> verification(j, v, names)));
        flow.decision()
                .ifPresent(said -> said.rule().ifPresent(rule -> out.put("policy", p -> decision(p, rule, said))));
        out.putAll("chain", chain(flow)).put("next", flow.next().map(NextHop::name));
        flow.transport().ifPresent(over -> out.put("transport", over));
        if (!flow.closedDetails().isEmpty()) {
            out.putAll(
                    "closed_details",
                    flow.closedDetails().stream().map(Opening::toText).toList());
        }
        out.put("bytes_out", flow.bytesOut()).put("bytes_in", flow.bytesIn());
        flow.setup().ifPresent(setup -> out.put("setup_ms", setup.toNanos() / 1e6));
        out.put("duration_ms", flow.age().toNanos() / 1e6);
    }

    private static void decision(Members out, String rule, Decision said) {
        out.put("rule", rule);
        switch (said.outcome()) {
            case Outcome.Allow(Optional<String> route, Optional<String> limitsClass) ->
                out.put("decision", "allow").put("route", route).put("class", limitsClass);
            case Outcome.Deny deny -> out.put("decision", "deny").put("not_known", said.notKnown());
        }
    }

    private List<String> chain(FlowView flow) {
        List<String> hops = new ArrayList<>();
        if (flow.verification().orElse(null) instanceof Verification.Verified verified) {
            verified.links().stream().map(Link::hop).map(names::of).forEach(hops::add);
        }
        hops.add(hop);
        return hops;
    }

    private static void originator(Members out, Originator originator, IdNames names) {
        out.put("host", names.of(originator.host()));
        identity(out, originator.identity());
        out.put("source", Tuple.text(originator.tuple().source()))
                .put("destination", Tuple.text(originator.tuple().destination()))
                .put("way_in", originator.wayIn().toString())
                .put("observed_at", originator.observedAt().toString());
    }

    private static void identity(Members out, ProcessIdentity who) {
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
        processContext(out, who.processContext());
        code(out, who.code());
        workload(out, who.workload());
    }

    private static void processContext(Members out, ProcessContext processContext) {
        out.put("user", processContext.userName())
                .putUnsigned("audit_user", processContext.audit().user())
                .putUnsigned("audit_session", processContext.audit().session())
                .putHex("audit_token", processContext.audit().token());
        processContext
                .parent()
                .ifPresent(parent -> out.put("parent_pid", parent.unsignedPid())
                        .putUnsigned("parent_start_time", parent.knownStart()));
        out.put("parent_exe", processContext.parentExecutable())
                .putHex("parent_sha256", processContext.parentSha256())
                .putHex("command_line_hmac", processContext.commandLineHash());
    }

    private static void code(Members out, Code code) {
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

    private static void workload(Members out, Workload workload) {
        out.put("unit", workload.unit())
                .put("container", workload.container())
                .put("pod", workload.pod().map(UUID::toString))
                .put("cgroup", workload.cgroup())
                .putUnsigned("network_namespace", workload.namespaces().network())
                .putUnsigned("pid_namespace", workload.namespaces().pid())
                .putHex("boot_id", workload.bootId());
    }

    private static void verification(Members out, Verification verification, IdNames names) {
        switch (verification) {
            case Verification.Verified verified -> verified(out, verified.links(), verified.signers(), names);
            case Verification.Rejected rejected -> rejected(out, rejected);
        }
    }

    private static void verified(Members out, List<Link> links, List<PublicKey> signers, IdNames names) {
        out.put("result", "verified");
        out.putAll("links", IntStream.range(0, links.size()).boxed().toList(), (item, i) -> {
            link(item, links.get(i), names);
            item.put("key", signers.get(i).id().toString());
        });
    }

    private static void rejected(Members out, Verification.Rejected rejected) {
        out.put("result", "rejected").put("reason", rejected.reason().toString());
        if (rejected.link() >= 0) {
            out.put("link", rejected.link());
        }
        out.put("detail", rejected.detail());
    }

    private static void link(Members out, Link link, IdNames names) {
        out.put("hop", names.of(link.hop()))
                .put("audience", names.of(link.audience()))
                .put("issued_at", link.issuedAt().toString())
                .put("ttl_ms", link.ttl().toMillis())
                .put("way_in", link.ingress().toString())
                .put("way_out", link.egress().toString())
                .put("observed_peer", link.observedPeer().map(Tuple::text))
                .put("outgoing_source", Tuple.text(link.outgoing().source()))
                .put("outgoing_destination", Tuple.text(link.outgoing().destination()));
    }

    /** The members of an object, by Jackson. */
    private static final class Members {
        private static final JsonFactory FACTORY = new JsonFactory();

        private final JsonGenerator out;

        private Members(JsonGenerator out) {
            this.out = out;
        }

        static String object(Consumer<Members> members) {
            StringWriter text = new StringWriter();
            try (JsonGenerator generator = FACTORY.createGenerator(ObjectWriteContext.empty(), text)) {
                generator.writeStartObject();
                members.accept(new Members(generator));
                generator.writeEndObject();
            }
            return text.toString();
        }

        Members put(String name, String value) {
            out.writeStringProperty(name, value);
            return this;
        }

        Members put(String name, long value) {
            out.writeNumberProperty(name, value);
            return this;
        }

        Members putUnsigned(String name, OptionalLong value) {
            value.ifPresent(bits -> out.writeNumberProperty(name, new BigInteger(Long.toUnsignedString(bits))));
            return this;
        }

        Members put(String name, double value) {
            out.writeNumberProperty(name, value);
            return this;
        }

        Members put(String name, Optional<String> value) {
            value.ifPresent(text -> put(name, text));
            return this;
        }

        Members putHex(String name, Optional<Bytes> value) {
            return put(name, value.map(Bytes::toHex));
        }

        Members put(String name, Consumer<Members> members) {
            out.writeObjectPropertyStart(name);
            members.accept(this);
            out.writeEndObject();
            return this;
        }

        Members putAll(String name, List<String> values) {
            out.writeArrayPropertyStart(name);
            values.forEach(out::writeString);
            out.writeEndArray();
            return this;
        }

        <T> Members putAll(String name, List<T> values, BiConsumer<Members, T> members) {
            out.writeArrayPropertyStart(name);
            for (T value : values) {
                out.writeStartObject();
                members.accept(this, value);
                out.writeEndObject();
            }
            out.writeEndArray();
            return this;
        }
    }
}

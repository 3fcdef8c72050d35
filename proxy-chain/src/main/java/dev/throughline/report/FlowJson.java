package dev.throughline.report;

import dev.throughline.chain.Opening;
import dev.throughline.chain.SignedLink;
import dev.throughline.chain.Verification;
import dev.throughline.flow.AcceptedConnection;
import dev.throughline.flow.CloseResult;
import dev.throughline.flow.FlowView;
import dev.throughline.flow.NextHop;
import dev.throughline.header.Tuple;
import dev.throughline.identify.SocketIdentity;
import dev.throughline.originator.Originator;
import dev.throughline.policy.Decision;
import dev.throughline.policy.Outcome;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The JSON form of a flow, for log lines and the admin interface. */
public final class FlowJson {
    private final String hop;
    private final IdNames names;

    public FlowJson(String hop, IdNames names) {
        this.hop = hop;
        this.names = names;
    }

    /** Writes the members of the log line {@code flow.open}. */
    void opened(Json out, FlowView flow) {
        out.put("time", flow.acceptedAt().plus(flow.age())).put("event", "flow.open");
        write(out, flow);
    }

    /** Writes the members of the log line {@code flow.close}. */
    void closed(Json out, FlowView flow, CloseResult ending) {
        out.put("time", flow.acceptedAt().plus(flow.age())).put("event", "flow.close");
        out.put("reason", ending.reason().toString());
        if (!ending.detail().isEmpty()) {
            out.put("detail", ending.detail());
        }
        write(out, flow);
    }

    /** Writes the members of the current state of {@code flow}. */
    public void write(Json out, FlowView flow) {
        out.put("hop", hop).put("listener", flow.listener()).put("number", flow.number());
        Originator who = flow.originator().orElse(null);
        if (who != null) {
            out.put("flow", who.flow());
        }
        out.put("stage", flow.stage().toString());
        if (who != null) {
            out.startObject("originator");
            OriginatorJson.write(out, who, names);
            out.endObject();
        }
        AcceptedConnection arrival = flow.connection().orElse(null);
        if (arrival != null) {
            arrival(out, arrival);
        }
        SocketIdentity owner = flow.owner().orElse(null);
        if (owner != null) {
            owner(out, owner);
        }
        Verification verification = flow.verification().orElse(null);
        if (verification != null) {
            out.startObject("verification");
            VerificationJson.write(out, verification, names);
            out.endObject();
        }
        Decision decision = flow.decision().orElse(null);
        if (decision != null && decision.rule().isPresent()) {
            decision(out, decision.rule().get(), decision);
        }
        chain(out, verification);
        NextHop next = flow.next().orElse(null);
        if (next != null) {
            out.put("next", next.name());
        }
        out.put("transport", flow.transport());
        if (!flow.closedDetails().isEmpty()) {
            out.putAll(
                    "closed_details",
                    flow.closedDetails().stream().map(Opening::toText).toList());
        }
        out.put("bytes_out", flow.bytesOut()).put("bytes_in", flow.bytesIn());
        Duration setup = flow.setup().orElse(null);
        if (setup != null) {
            out.putMilliseconds("setup_ms", setup.toNanos());
        }
        out.putMilliseconds("duration_ms", flow.age().toNanos());
    }

    private static void arrival(Json out, AcceptedConnection arrival) {
        out.startObject("arrival");
        out.put("way", arrival.method().toString());
        Tuple socket = arrival.connection().orElse(null);
        if (socket != null) {
            out.put("source", socket.source()).put("destination", socket.destination());
        }
        out.endObject();
    }

    private static void owner(Json out, SocketIdentity owner) {
        out.startObject("kernel");
        OriginatorJson.identity(out, owner.identity());
        if (owner.mark().isPresent()) {
            out.put("mark", owner.mark().getAsInt());
        }
        out.endObject();
    }

    private static void decision(Json out, String rule, Decision decision) {
        out.startObject("policy");
        out.put("rule", rule);
        if (decision.outcome() instanceof Outcome.Allow allow) {
            out.put("decision", "allow").put("route", allow.route()).put("class", allow.limitsClass());
        } else {
            out.put("decision", "deny").put("not_known", decision.notKnown());
        }
        out.endObject();
    }

    /** Writes the names of the hops that the flow passed, including this one. */
    private void chain(Json out, @Nullable Verification verification) {
        out.startArray("chain");
        if (verification instanceof Verification.Verified verified) {
            List<SignedLink> links = verified.chain().links();
            for (int i = 0; i < links.size(); i++) {
                out.element(names.of(links.get(i).link().hop()));
            }
        }
        out.element(hop);
        out.endArray();
    }
}

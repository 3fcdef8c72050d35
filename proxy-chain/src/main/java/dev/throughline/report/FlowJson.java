package dev.throughline.report;

import dev.throughline.chain.Opening;
import dev.throughline.chain.SignedLink;
import dev.throughline.chain.Verification;
import dev.throughline.flow.AcceptedConnection;
import dev.throughline.flow.CloseReason;
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
    private static final Json.Members<FlowView.Stage, String> ORIGINATOR = (out, stage, host) ->
            out.put("stage", stage.toString()).startObject("originator").put("host", host);
    private static final Json.Members<String, Outcome> POLICY = FlowJson::policy;
    /** The first value is empty for a flow without a previous hop. */
    private static final Json.Members<String, String> CHAIN =
            (out, previous, hop) -> out.putAll("chain", previous.isEmpty() ? List.of(hop) : List.of(previous, hop));

    private static final Json.Members<String, String> ROUTE =
            (out, next, transport) -> out.put("next", next).put("transport", transport);

    private final String hop;
    private final IdNames names;
    private final Json.Members<CloseReason, String> closed;

    public FlowJson(String hop, IdNames names) {
        this.hop = hop;
        this.names = names;
        this.closed = (out, reason, listener) -> out.put("event", "flow.close")
                .put("reason", reason.toString())
                .put("hop", hop)
                .put("listener", listener);
    }

    /** Writes the members of the log line {@code flow.open}. */
    void opened(Json out, FlowView flow) {
        out.put("time", flow.acceptedAt().plus(flow.age())).put("event", "flow.open");
        write(out, flow);
    }

    /** Writes the members of the log line {@code flow.close}. */
    void closed(Json out, FlowView flow, CloseResult ending) {
        out.put("time", flow.acceptedAt().plus(flow.age()));
        if (ending.detail().isEmpty()) {
            out.putKnown(closed, ending.reason(), flow.listener());
            state(out, flow);
        } else {
            out.put("event", "flow.close")
                    .put("reason", ending.reason().toString())
                    .put("detail", ending.detail());
            write(out, flow);
        }
    }

    /** Writes the members of the current state of {@code flow}. */
    public void write(Json out, FlowView flow) {
        out.put("hop", hop).put("listener", flow.listener());
        state(out, flow);
    }

    private void state(Json out, FlowView flow) {
        out.put("number", flow.number());
        Originator who = flow.originator().orElse(null);
        if (who != null) {
            out.put("flow", who.flow());
            out.putKnown(ORIGINATOR, flow.stage(), names.of(who.host()));
            OriginatorJson.rest(out, who);
            out.endObject();
        } else {
            out.put("stage", flow.stage().toString());
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
        route(out, flow.next().orElse(null), flow.transport().orElse(null));
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
        out.putKnown(POLICY, rule, decision.outcome());
        if (decision.outcome() instanceof Outcome.Deny) {
            out.put("not_known", decision.notKnown());
        }
        out.endObject();
    }

    private static void policy(Json out, String rule, Outcome outcome) {
        out.startObject("policy").put("rule", rule);
        if (outcome instanceof Outcome.Allow allow) {
            out.put("decision", "allow").put("route", allow.route()).put("class", allow.limitsClass());
        } else {
            out.put("decision", "deny");
        }
    }

    private static void route(Json out, @Nullable NextHop next, @Nullable String transport) {
        if (next != null && transport != null) {
            out.putKnown(ROUTE, next.name(), transport);
        } else if (next != null) {
            out.put("next", next.name());
        } else if (transport != null) {
            out.put("transport", transport);
        }
    }

    /** Writes the names of the hops that the flow passed, including this one. */
    private void chain(Json out, @Nullable Verification verification) {
        List<SignedLink> links = verification instanceof Verification.Verified verified
                ? verified.chain().links()
                : List.of();
        if (links.size() <= 1) {
            out.putKnown(
                    CHAIN, links.isEmpty() ? "" : names.of(links.get(0).link().hop()), hop);
            return;
        }
        out.startArray("chain");
        for (int i = 0; i < links.size(); i++) {
            out.element(names.of(links.get(i).link().hop()));
        }
        out.element(hop);
        out.endArray();
    }
}

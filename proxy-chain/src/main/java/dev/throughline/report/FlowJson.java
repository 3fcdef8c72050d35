package dev.throughline.report;

import dev.throughline.chain.Link;
import dev.throughline.chain.Opening;
import dev.throughline.chain.Verification;
import dev.throughline.flow.CloseResult;
import dev.throughline.flow.FlowView;
import dev.throughline.flow.NextHop;
import dev.throughline.policy.Decision;
import dev.throughline.policy.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

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
        flow.originator()
                .ifPresent(
                        who -> out.putHex("flow", who.flow().high(), who.flow().low()));
        out.put("stage", flow.stage().toString());
        flow.originator().ifPresent(who -> out.put("originator", o -> OriginatorJson.write(o, who, names)));
        flow.connection()
                .ifPresent(arrival -> out.put("arrival", a -> {
                    a.put("way", arrival.method().toString());
                    arrival.connection()
                            .ifPresent(socket ->
                                    a.put("source", socket.source()).put("destination", socket.destination()));
                }));
        flow.owner()
                .ifPresent(owner -> out.put("kernel", k -> {
                    OriginatorJson.identity(k, owner.identity());
                    owner.mark().ifPresent(mark -> k.put("mark", mark));
                }));
        flow.verification().ifPresent(v -> out.put("verification", j -> VerificationJson.write(j, v, names)));
        flow.decision()
                .ifPresent(said -> said.rule().ifPresent(rule -> out.put("policy", p -> decision(p, rule, said))));
        out.putAll("chain", chain(flow)).put("next", flow.next().map(NextHop::name));
        out.put("transport", flow.transport());
        if (!flow.closedDetails().isEmpty()) {
            out.putAll(
                    "closed_details",
                    flow.closedDetails().stream().map(Opening::toText).toList());
        }
        out.put("bytes_out", flow.bytesOut())
                .put("bytes_in", flow.bytesIn())
                .putMilliseconds("duration_ms", flow.age().toNanos());
    }

    private static void decision(Json out, String rule, Decision said) {
        out.put("rule", rule);
        switch (said.outcome()) {
            case Outcome.Allow(Optional<String> route, Optional<String> limitsClass) ->
                out.put("decision", "allow").put("route", route).put("class", limitsClass);
            case Outcome.Deny deny -> out.put("decision", "deny").put("not_known", said.notKnown());
        }
    }

    /** Returns the hops that the flow passed, including this one. */
    private List<String> chain(FlowView flow) {
        List<String> hops = new ArrayList<>();
        if (flow.verification().orElse(null) instanceof Verification.Verified verified) {
            for (Link link : verified.links()) {
                hops.add(names.of(link.hop()));
            }
        }
        hops.add(hop);
        return hops;
    }
}

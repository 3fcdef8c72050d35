package dev.throughline.report;

import dev.throughline.chain.Link;
import dev.throughline.chain.Opening;
import dev.throughline.chain.Verification;
import dev.throughline.flow.CloseResult;
import dev.throughline.flow.FlowView;
import dev.throughline.flow.NextHop;
import dev.throughline.header.Tuple;
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

    /** Returns the log line {@code flow.open}. */
    public String opened(FlowView flow) {
        return Json.object(out -> {
            out.put("time", flow.acceptedAt().plus(flow.age()).toString()).put("event", "flow.open");
            write(out, flow);
        });
    }

    /** Returns the log line {@code flow.close}. */
    public String closed(FlowView flow, CloseResult ending) {
        return Json.object(out -> {
            out.put("time", flow.acceptedAt().plus(flow.age()).toString()).put("event", "flow.close");
            out.put("reason", ending.reason().toString());
            if (!ending.detail().isEmpty()) {
                out.put("detail", ending.detail());
            }
            write(out, flow);
        });
    }

    /** Returns the current state of {@code flow}. */
    public void write(Json out, FlowView flow) {
        out.put("hop", hop).put("listener", flow.listener()).put("number", flow.number());
        flow.originator().ifPresent(who -> out.put("flow", who.flow().toString()));
        out.put("stage", flow.stage().toString());
        flow.originator().ifPresent(who -> out.put("originator", o -> OriginatorJson.write(o, who, names)));
        flow.connection()
                .ifPresent(arrival -> out.put("arrival", a -> {
                    a.put("way", arrival.method().toString());
                    arrival.connection()
                            .ifPresent(socket -> a.put("source", Tuple.text(socket.source()))
                                    .put("destination", Tuple.text(socket.destination())));
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
        flow.transport().ifPresent(over -> out.put("transport", over));
        if (!flow.closedDetails().isEmpty()) {
            out.putAll(
                    "closed_details",
                    flow.closedDetails().stream().map(Opening::toText).toList());
        }
        out.put("bytes_out", flow.bytesOut())
                .put("bytes_in", flow.bytesIn())
                .put("duration_ms", flow.age().toNanos() / 1e6);
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
            verified.links().stream().map(Link::hop).map(names::of).forEach(hops::add);
        }
        hops.add(hop);
        return hops;
    }
}

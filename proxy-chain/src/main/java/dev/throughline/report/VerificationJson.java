package dev.throughline.report;

import dev.throughline.chain.Link;
import dev.throughline.chain.Verification;
import dev.throughline.header.Tuple;
import java.util.stream.IntStream;

/** What came of a header, as JSON. */
public final class VerificationJson {
    private VerificationJson() {}

    public static void write(Json out, Verification verification, IdNames names) {
        switch (verification) {
            case Verification.Verified verified -> {
                out.put("result", "verified");
                out.putAll(
                        "links",
                        IntStream.range(0, verified.links().size()).boxed().toList(),
                        (item, i) -> {
                            link(item, verified.links().get(i), names);
                            item.put("key", verified.signers().get(i).id().toString());
                        });
            }
            case Verification.Rejected rejected -> {
                out.put("result", "rejected").put("reason", rejected.reason().toString());
                if (rejected.link() >= 0) {
                    out.put("link", rejected.link());
                }
                out.put("detail", rejected.detail());
            }
        }
    }

    /** One link. */
    public static void link(Json out, Link link, IdNames names) {
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
}

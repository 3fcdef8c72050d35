package dev.throughline.report;

import dev.throughline.chain.CaptureCheck;
import dev.throughline.chain.Link;
import dev.throughline.chain.SignedLink;
import dev.throughline.chain.Verification;
import dev.throughline.key.PublicKey;
import dev.throughline.originator.InterceptionMethod;
import java.util.List;

/** The JSON form of a header's verification. */
public final class VerificationJson {
    private static final Json.Members<String, String> HOPS =
            (out, hop, audience) -> out.put("hop", hop).put("audience", audience);
    private static final Json.Members<InterceptionMethod, InterceptionMethod> WAYS =
            (out, in, egress) -> out.put("way_in", in.toString()).put("way_out", egress.toString());

    private VerificationJson() {}

    /** Writes the result for a header that a hop received. */
    public static void write(Json out, Verification verification, IdNames names) {
        if (verification instanceof Verification.Verified verified) {
            verified(out, verified, names);
        } else if (verification instanceof Verification.Rejected rejected) {
            rejected(out, rejected);
        }
    }

    /** Writes the result for a captured header. */
    public static void write(Json out, CaptureCheck check, IdNames names) {
        switch (check) {
            case CaptureCheck.Genuine genuine -> {
                out.put("result", "verified");
                out.putAll(
                        "links",
                        genuine.links(),
                        (item, link) -> link(item, link, genuine.signers().get(link.index()), names));
            }
            case CaptureCheck.Refused(Verification.Rejected rejected) -> rejected(out, rejected);
        }
    }

    private static void verified(Json out, Verification.Verified verified, IdNames names) {
        out.put("result", "verified");
        out.startArray("links");
        List<SignedLink> links = verified.chain().links();
        for (int i = 0; i < links.size(); i++) {
            out.startElement();
            link(out, links.get(i).link(), verified.signers().get(i), names);
            out.endObject();
        }
        out.endArray();
    }

    private static void link(Json out, Link link, PublicKey signer, IdNames names) {
        link(out, link, names);
        out.putHex("key", signer.id().value());
    }

    private static void rejected(Json out, Verification.Rejected rejected) {
        out.put("result", "rejected").put("reason", rejected.reason().toString());
        if (rejected.link() >= 0) {
            out.put("link", rejected.link());
        }
        out.put("detail", rejected.detail());
    }

    /** Writes one link. */
    public static void link(Json out, Link link, IdNames names) {
        out.putKnown(HOPS, names.of(link.hop()), names.of(link.audience()));
        out.put("issued_at", link.issuedAt()).put("ttl_ms", link.ttl().toMillis());
        out.putKnown(WAYS, link.ingress(), link.egress());
        if (link.observedPeer().isPresent()) {
            out.put("observed_peer", link.observedPeer().get());
        }
        out.put("outgoing_source", link.outgoing().source())
                .put("outgoing_destination", link.outgoing().destination());
    }
}

package dev.throughline.report;

import dev.throughline.chain.CaptureCheck;
import dev.throughline.chain.Link;
import dev.throughline.chain.Verification;
import dev.throughline.key.PublicKey;
import java.util.List;

/** The JSON form of a header's verification. */
public final class VerificationJson {
    private VerificationJson() {}

    /** Writes the result for a header that a hop received. */
    public static void write(Json out, Verification verification, IdNames names) {
        switch (verification) {
            case Verification.Verified verified -> verified(out, verified.links(), verified.signers(), names);
            case Verification.Rejected rejected -> rejected(out, rejected);
        }
    }

    /** Writes the result for a captured header. */
    public static void write(Json out, CaptureCheck check, IdNames names) {
        switch (check) {
            case CaptureCheck.Genuine genuine -> verified(out, genuine.links(), genuine.signers(), names);
            case CaptureCheck.Refused(Verification.Rejected rejected) -> rejected(out, rejected);
        }
    }

    private static void verified(Json out, List<Link> links, List<PublicKey> signers, IdNames names) {
        out.put("result", "verified");
        out.putAll("links", links, (item, link) -> {
            link(item, link, names);
            item.putHex("key", signers.get(link.index()).id().value());
        });
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
        out.put("hop", names.of(link.hop()))
                .put("audience", names.of(link.audience()))
                .put("issued_at", link.issuedAt())
                .put("ttl_ms", link.ttl().toMillis())
                .put("way_in", link.ingress().toString())
                .put("way_out", link.egress().toString());
        link.observedPeer().ifPresent(peer -> out.put("observed_peer", peer));
        out.put("outgoing_source", link.outgoing().source())
                .put("outgoing_destination", link.outgoing().destination());
    }
}

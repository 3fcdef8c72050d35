package dev.throughline.report;

import dev.throughline.flow.FlowView;
import dev.throughline.header.Tuple;
import dev.throughline.identify.SocketIdentity;
import java.util.List;

/** The answer to "who owns this connection?" as JSON. */
public final class WhoJson {
    private final FlowJson flows;

    /** With flows as {@code flows} writes them. */
    public WhoJson(FlowJson flows) {
        this.flows = flows;
    }

    /**
     * What a hop says: those of its flows that it is, and what its host's kernel says of the socket.
     *
     * @param known none if it isn't one of the hop's
     */
    public String ofHop(Tuple tuple, List<FlowView> known, SocketIdentity owner) {
        return Json.object(out -> {
            asked(out, tuple);
            out.putAll("flows", known, flows::write);
            kernel(out, owner);
        });
    }

    /** What the kernel alone says. */
    public static String ofKernel(Tuple tuple, SocketIdentity owner) {
        return Json.object(out -> {
            asked(out, tuple);
            kernel(out, owner);
        });
    }

    private static void asked(Json out, Tuple tuple) {
        out.put("source", Tuple.text(tuple.source())).put("destination", Tuple.text(tuple.destination()));
    }

    private static void kernel(Json out, SocketIdentity owner) {
        out.put("kernel", kernel -> OriginatorJson.identity(kernel, owner.identity()));
    }
}

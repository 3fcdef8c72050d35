package dev.throughline.report;

import dev.throughline.flow.FlowView;
import dev.throughline.header.Tuple;
import dev.throughline.identify.SocketIdentity;
import java.util.List;

/** The JSON form of the owner of a connection. */
public final class WhoJson {
    private final FlowJson flows;

    /** Creates a writer that writes flows with {@code flows}. */
    public WhoJson(FlowJson flows) {
        this.flows = flows;
    }

    /**
     * Returns a hop's answer: the flows of this connection, and the owner of its socket in the kernel.
     *
     * @param known the hop's flows of this connection; may be empty
     */
    public String ofHop(Tuple tuple, List<FlowView> known, SocketIdentity owner) {
        return Json.object(out -> {
            asked(out, tuple);
            out.putAll("flows", known, flows::write);
            kernel(out, owner);
        });
    }

    /** Returns the answer of the kernel alone. */
    public static String ofKernel(Tuple tuple, SocketIdentity owner) {
        return Json.object(out -> {
            asked(out, tuple);
            kernel(out, owner);
        });
    }

    private static void asked(Json out, Tuple tuple) {
        out.put("source", tuple.source()).put("destination", tuple.destination());
    }

    private static void kernel(Json out, SocketIdentity owner) {
        out.put("kernel", kernel -> OriginatorJson.identity(kernel, owner.identity()));
    }
}

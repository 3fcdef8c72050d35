package dev.throughline.bench.compare;

import dev.throughline.report.JsonTree;
import java.io.IOException;

/** Checks in the flow log that the measured flows were identified and verified, so that nothing was saved by skipping it. */
final class FlowEvidence {
    private FlowEvidence() {}

    /**
     * Returns a note about a line of the last hop's flow log.
     *
     * @throws IOException if the flow of the line isn't verified
     */
    static String check(String line) throws IOException {
        JsonTree flow = JsonTree.parse(line);
        String result = flow.object("verification").text("result");
        if (!result.equals("verified")) {
            throw new IOException("a flow of Throughline is not verified: " + line);
        }
        return "Throughline's flows are verified; evidence of the originator: "
                + flow.object("originator").text("evidence");
    }
}

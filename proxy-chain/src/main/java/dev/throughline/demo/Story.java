package dev.throughline.demo;

import dev.throughline.report.JsonTree;
import java.io.PrintStream;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The output of the demo for each hop: the originator according to the kernel and to the header, and the keys that
 * signed it.
 */
final class Story {
    private final PrintStream out;

    Story(PrintStream out) {
        this.out = out;
    }

    void say(String text) {
        out.println(text);
    }

    /** Returns the lines for one hop, from its flow log. */
    void hop(JsonTree flow, List<HopProcess> hops) {
        out.println(flow.text("hop"));
        if (flow.has("kernel")) {
            JsonTree kernel = flow.object("kernel");
            out.println("  the kernel says  " + process(kernel) + evidence(kernel) + ownerOf(kernel, hops));
        }
        JsonTree verification = flow.object("verification");
        if (!flow.has("verification")) {
            out.println("  the header says  nothing: the first hop never reads a header");
        } else if (verification.text("result").equals("verified")) {
            JsonTree who = flow.object("originator");
            out.println("  the header says  " + process(who) + evidence(who) + ", on host " + who.text("host"));
            out.println("  verified         signed by " + signers(verification));
        } else {
            out.println("  refused          " + verification.text("reason") + ", link " + verification.text("link")
                    + ": " + verification.text("detail"));
        }
    }

    private static String process(JsonTree who) {
        return who.text("comm") + ", process " + who.text("pid") + ", user " + who.text("user") + ", "
                + who.text("exe");
    }

    private static String evidence(JsonTree who) {
        return " (" + who.text("evidence") + ")";
    }

    private static String ownerOf(JsonTree kernel, List<HopProcess> hops) {
        return hops.stream()
                .filter(hop ->
                        kernel.text("pid").equals(Long.toString(hop.process().pid())))
                .map(hop -> ": " + hop.name() + "'s process, not the application's")
                .findFirst()
                .orElse("");
    }

    private static String signers(JsonTree verification) {
        return verification.list("links").stream()
                .map(link -> link.text("hop") + " (key " + link.text("key") + ")")
                .collect(Collectors.joining(", then "));
    }
}

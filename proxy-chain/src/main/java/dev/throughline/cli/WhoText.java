package dev.throughline.cli;

import dev.throughline.originator.Evidence;
import dev.throughline.report.JsonTree;
import java.util.List;

/** Who owns a connection, for a person. */
final class WhoText {
    private WhoText() {}

    /** Whether a process is named by anybody who was asked. */
    static boolean isNamed(JsonTree answer) {
        return answer.object("kernel").has("pid")
                || answer.list("flows").stream()
                        .anyMatch(flow -> flow.object("originator").has("pid"));
    }

    static String of(JsonTree answer) {
        StringBuilder out = new StringBuilder();
        out.append(answer.text("source"))
                .append(" -> ")
                .append(answer.text("destination"))
                .append('\n');
        for (JsonTree flow : answer.list("flows")) {
            flow(out, flow);
        }
        JsonTree kernel = answer.object("kernel");
        out.append("this host's kernel: ")
                .append(meaning(kernel.text("evidence")))
                .append('\n');
        rows(out, kernel);
        return out.toString();
    }

    private static void flow(StringBuilder out, JsonTree flow) {
        List<String> chain = flow.texts("chain");
        JsonTree verification = flow.object("verification");
        out.append("flow %s of hop %s, %s".formatted(flow.text("number"), flow.text("hop"), flow.text("stage")));
        if (verification.has("result")) {
            out.append(", its originator ").append(verification.text("result"));
            out.append(chain.size() > 1 ? ", through " + String.join(", ", chain) : "");
        }
        out.append('\n');
        rows(out, flow.object("originator"));
    }

    private static void rows(StringBuilder out, JsonTree who) {
        for (String name : who.names()) {
            if (!who.text(name).equals("-")) {
                out.append("  %-14s %s%n".formatted(name.replace('_', ' '), who.text(name)));
            }
        }
    }

    private static String meaning(String evidence) {
        for (Evidence known : Evidence.values()) {
            if (known.toString().equals(evidence)) {
                return known.meaning();
            }
        }
        return evidence;
    }
}

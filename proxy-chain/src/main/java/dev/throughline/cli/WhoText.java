package dev.throughline.cli;

import com.google.common.base.Strings;
import dev.throughline.originator.Evidence;
import dev.throughline.report.JsonTree;
import java.util.List;

/** The owner of a connection as text. */
final class WhoText {
    private WhoText() {}

    /** Returns whether the kernel or a hop identified a process. */
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
        out.append("kernel of this host: ")
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
            out.append(", originator ").append(verification.text("result"));
            out.append(chain.size() > 1 ? ", through " + String.join(", ", chain) : "");
        }
        out.append('\n');
        rows(out, flow.object("originator"));
    }

    private static void rows(StringBuilder out, JsonTree who) {
        int width = who.names().stream().mapToInt(String::length).reduce(14, Math::max);
        for (String name : who.names()) {
            if (!who.text(name).equals("-")) {
                out.append("  %s %s%n".formatted(Strings.padEnd(name.replace('_', ' '), width, ' '), who.text(name)));
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

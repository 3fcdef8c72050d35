package dev.throughline.cli;

import dev.throughline.report.JsonTree;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "flows",
        synopsisSubcommandLabel = "COMMAND",
        description = "List and count the flows of a running hop.",
        subcommands = {FlowsCommand.Listing.class, FlowsCommand.Top.class})
final class FlowsCommand {
    enum Format {
        table,
        json,
        jsonl
    }

    /** The hop, by its configuration or by its admin socket. */
    static final class Target {
        @Option(
                names = {"-c", "--config"},
                paramLabel = "FILE",
                description = "the hop's configuration")
        @Nullable
        Path config;

        @Option(names = "--socket", paramLabel = "PATH", description = "the hop's admin socket")
        @Nullable
        Path socket;

        AdminClient client() {
            if (socket != null) {
                return new AdminClient(socket);
            }
            Path file = config == null ? Path.of("") : config;
            return new AdminClient(ConfigOption.read(file).admin().socket());
        }
    }

    @Command(name = "list", description = "List the open flows, oldest first.")
    static final class Listing implements Callable<Integer> {
        @ArgGroup(multiplicity = "1")
        Target target = new Target();

        @Option(
                names = {"-o", "--output"},
                defaultValue = "table",
                paramLabel = "FORMAT",
                description = "table, json or jsonl (default: ${DEFAULT-VALUE})")
        Format format = Format.table;

        @Override
        public Integer call() {
            String json = target.client().get("/flows");
            switch (format) {
                case json -> System.out.print(json);
                case jsonl -> JsonTree.parse(json).list("flows").forEach(flow -> System.out.println(flow.toJson()));
                case table ->
                    System.out.print(FlowTableText.of(JsonTree.parse(json).list("flows")));
            }
            return ExitCode.OK;
        }
    }

    @Command(name = "top", description = "Count the open flows by originator, most first, and the slots in use.")
    static final class Top implements Callable<Integer> {
        @ArgGroup(multiplicity = "1")
        Target target = new Target();

        @Option(
                names = "--by",
                defaultValue = "originator",
                paramLabel = "WHAT",
                description = "originator, executable, user, host or destination (default: ${DEFAULT-VALUE})")
        TopText.By by = TopText.By.originator;

        @Option(
                names = {"-n", "--rows"},
                defaultValue = "20",
                paramLabel = "N",
                description = "number of rows (default: ${DEFAULT-VALUE})")
        int rows;

        @Override
        public Integer call() {
            AdminClient hop = target.client();
            List<JsonTree> flows = JsonTree.parse(hop.get("/flows")).list("flows");
            JsonTree budget = JsonTree.parse(hop.get("/budget"));
            System.out.print(TopText.of(flows, budget, by, rows));
            return ExitCode.OK;
        }
    }

    /** The table form of flows. */
    static final class FlowTableText {

        private FlowTableText() {}

        static String of(List<JsonTree> flows) {
            Columns table = new Columns(6, 7, 8)
                    .row("FLOW", "STAGE", "ORIGINATOR", "EVIDENCE", "SOURCE", "DESTINATION", "OUT", "IN", "SECONDS");
            for (JsonTree flow : flows) {
                JsonTree who = flow.object("originator");
                table.row(
                        flow.text("number"),
                        flow.text("stage"),
                        name(who),
                        who.has("evidence") ? who.text("evidence") + " on " + who.text("host") : "-",
                        who.text("source"),
                        who.text("destination"),
                        flow.text("bytes_out"),
                        flow.text("bytes_in"),
                        seconds(flow.text("duration_ms")));
            }
            return table.toString();
        }

        private static String name(JsonTree who) {
            if (who.has("pid")) {
                String exe = who.has("exe") ? who.text("exe") : "";
                String name = who.has("comm") ? who.text("comm") : exe.substring(exe.lastIndexOf('/') + 1);
                return name + "[" + who.text("pid") + "]";
            }
            return who.has("uid") ? "uid " + who.text("uid") : "-";
        }

        private static String seconds(String millis) {
            return "%.1f".formatted(Double.parseDouble(millis) / 1000);
        }
    }
}

package dev.throughline.cli;

import dev.throughline.header.Tuple;
import dev.throughline.identify.IdentifyLimits;
import dev.throughline.identify.ProcessIdentifier;
import dev.throughline.report.JsonTree;
import dev.throughline.report.WhoJson;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "who",
        description = {
            "Show which process owns a TCP connection, and by what evidence.",
            "SOURCE and DESTINATION are those of the application's socket. Without a hop, asks the kernel about open"
                    + " sockets. A running hop also knows the verified originators of its flows, and sockets that were"
                    + " closed recently. Exits with 8 if the owner is unknown."
        })
final class WhoCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "SOURCE", description = "e.g. 192.0.2.10:41000 or [2001:db8::1]:41000")
    String source = "";

    @Parameters(index = "1", paramLabel = "DESTINATION", description = "e.g. 198.51.100.80:443")
    String destination = "";

    @ArgGroup
    FlowsCommand.@Nullable Target hop;

    @Option(names = "--json", description = "print one line of JSON")
    boolean json;

    @Override
    public Integer call() {
        Tuple tuple = Tuple.tcp(endpoint(source), endpoint(destination));
        String answer = hop == null ? askKernel(tuple) : askHop(hop.client(), tuple);
        JsonTree tree = JsonTree.parse(answer);
        System.out.print(json ? answer.strip() + "\n" : WhoText.of(tree));
        return WhoText.isNamed(tree) ? ExitCode.OK : ExitCode.NOBODY_NAMED;
    }

    private static InetSocketAddress endpoint(String text) {
        try {
            return Tuple.endpoint(text);
        } catch (IllegalArgumentException e) {
            throw new CommandFailure(ExitCode.USAGE, String.valueOf(e.getMessage()));
        }
    }

    private static String askHop(AdminClient client, Tuple tuple) {
        return client.get("/who?source=" + encoded(tuple.source()) + "&destination=" + encoded(tuple.destination()));
    }

    private static String encoded(InetSocketAddress endpoint) {
        return URLEncoder.encode(Tuple.text(endpoint), StandardCharsets.UTF_8);
    }

    private static String askKernel(Tuple tuple) {
        try (ProcessIdentifier identifier = ProcessIdentifier.open(IdentifyLimits.NORMAL)) {
            return WhoJson.ofKernel(tuple, identifier.identify(tuple).join());
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.FAILURE, "can't query the kernel: " + e.getMessage());
        }
    }
}

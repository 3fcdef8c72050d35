package dev.throughline.tests;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableSet;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** An environment for commands: the host itself, or a network namespace. */
interface Host {
    /** Programs that change the network, which tests on the host itself share. */
    ImmutableSet<String> OF_NETWORK = ImmutableSet.of(
            "conntrack", "ip", "ip6tables", "ip6tables-nft", "iptables", "iptables-nft", "nft", "sysctl", "tc");

    /** The host itself. Several tests use it at once, so it refuses programs that change its network. */
    Host THIS = command -> {
        checkArgument(
                !OF_NETWORK.contains(command.getFirst()),
                "%s may disturb other tests on this host: run it in a Namespace",
                String.join(" ", command));
        return new ProcessBuilder(command);
    };

    ProcessBuilder command(List<String> command);

    /** Runs a command to its end, and returns its output; fails with its error output. */
    default String run(List<String> command) throws IOException {
        Process process = command(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        int code = process.onExit().join().exitValue();
        if (code != 0) {
            throw new IOException(String.join(" ", command) + ": exit code " + code + ": " + output.strip());
        }
        return output;
    }
}

package dev.throughline.bench.compare;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The chain of Throughline, started as an operator starts it: keys by {@code keys generate}, hops by {@code run} with the
 * launcher's own Java flags, flow logs to files. It identifies, signs, verifies and logs every flow.
 */
final class ThroughlinePlan {
    /** A hop of this size and with these other limits needs less than 20,000 descriptors. It refuses to start with more flows. */
    private static final int FLOWS = 8_500;

    private static final String OTHER_LIMITS = "half-open-headers: 128, half-open-headers-total: 128";

    private ThroughlinePlan() {}

    static ProxyPlan create(String name, Path checkout, Path folder, FreePorts ports, int backend) throws IOException {
        String launcher = checkout.resolve("throughline").toString();
        String key = generateKey(launcher, folder, "hop-a");
        generateKey(launcher, folder, "hop-b");
        ProgramFinder.run(List.of(
                launcher, "keys", "trust", folder.resolve("trust").toString(), key, "--origin", "edge-1", "--hop"));
        int second = ports.next();
        int first = ports.next();
        return new ProxyPlan(
                name,
                ProgramFinder.run(List.of(launcher, "--version"))
                        + ": ./throughline run; identifies, signs (Ed25519), verifies, logs every flow to a file; limits: event-loops 1, flows "
                        + FLOWS + ", " + OTHER_LIMITS + ", waiting 128, reserve 0%" + javaOptions(),
                first,
                hop(launcher, folder, "hop-a", first, """
                        listeners:
                          - { name: front, mode: transparent, by: plain, address: "127.0.0.1:%d", destination: "127.0.0.1:%d" }
                        route: { to: hop-b, at: "127.0.0.1:%d" }
                        limits: { flows: %d, event-loops: 1 }
                        budget: { waiting: 128, reserve: 0%% }
                        """.formatted(first, backend, second, FLOWS)),
                hop(launcher, folder, "hop-b", second, """
                        trust: trust
                        listeners:
                          - { name: edge, mode: chain, by: plain, address: "127.0.0.1:%d" }
                        route: { to: destination }
                        limits: { flows: %d, event-loops: 1, %s }
                        budget: { waiting: 128, reserve: 0%% }
                        """.formatted(second, FLOWS, OTHER_LIMITS)));
    }

    private static String javaOptions() {
        String options = System.getenv("THROUGHLINE_JAVA_OPTS");
        return options == null || options.isBlank() ? "" : "; THROUGHLINE_JAVA_OPTS=" + options;
    }

    /** Returns the public key. */
    private static String generateKey(String launcher, Path folder, String hop) throws IOException {
        return ProgramFinder.run(List.of(
                        launcher,
                        "keys",
                        "generate",
                        hop,
                        folder.resolve(hop + ".key").toString()))
                .lines()
                .filter(line -> line.startsWith(hop + "+"))
                .findFirst()
                .orElseThrow(() -> new IOException("keys generate printed no public key"));
    }

    private static ProxyPlan.Hop hop(String launcher, Path folder, String name, int port, String rest)
            throws IOException {
        Path file = Files.writeString(folder.resolve(name + ".yaml"), """
                hop: %1$s
                host: edge-1
                key: %1$s.key
                admin: { socket: %1$s.sock, pid-file: %1$s.pid }
                """.formatted(name) + rest);
        return new ProxyPlan.Hop(
                List.of(launcher, "run", "--config", file.toString()),
                port,
                Optional.of("hop " + name + " is ready"),
                folder.resolve(name + ".log"));
    }
}

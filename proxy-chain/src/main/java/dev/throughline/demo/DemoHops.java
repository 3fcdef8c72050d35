package dev.throughline.demo;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import com.google.common.io.Closer;
import dev.throughline.key.KeyFormatException;
import dev.throughline.key.PrivateKey;
import dev.throughline.key.TrustEntry;
import dev.throughline.keys.KeyFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** The hops of a demo: new keys, a trust file and their configurations in a folder. */
final class DemoHops {
    static final ImmutableList<String> NAMES = ImmutableList.of("hop-a", "hop-b", "hop-c");
    static final String HOST = "edge-1";

    private final Path folder;
    private final ImmutableList<String> names;

    private DemoHops(Path folder, ImmutableList<String> names) {
        this.folder = folder;
        this.names = names;
    }

    /** Creates the three hops of the demo in {@code folder}. */
    static DemoHops in(Path folder) throws IOException {
        return in(folder, NAMES);
    }

    /** Creates keys and the trust file: the first hop may sign origins of the host, the others may continue its chains. */
    static DemoHops in(Path folder, ImmutableList<String> names) throws IOException {
        try {
            SecureRandom random = new SecureRandom();
            StringBuilder trust = new StringBuilder();
            for (String name : names) {
                PrivateKey key = PrivateKey.generate(name, random);
                KeyFiles.writeSecret(folder.resolve(name + ".key"), key);
                boolean first = name.equals(names.getFirst());
                ImmutableSet<String> hosts = first ? ImmutableSet.of(HOST) : ImmutableSet.of();
                trust.append(new TrustEntry(key.publicKey(), hosts, false, !first, Optional.empty(), Optional.empty())
                                .toText())
                        .append('\n');
            }
            Files.writeString(folder.resolve("trust"), trust);
            return new DemoHops(folder, names);
        } catch (KeyFormatException e) {
            throw new AssertionError("the demo's names are names", e);
        }
    }

    /** Creates configurations in which each hop intercepts the previous one on the same host. */
    void writeInterceptingConfigs() throws IOException {
        write("hop-a", """
                mark: 0x1071
                later-marks: [0x1072, 0x1073]
                listeners:
                  - { name: apps, mode: transparent, by: tproxy, port: 15001, capture: { ports: 80 } }
                route: { to: hop-b, by: interception }
                """);
        write("hop-b", """
                mark: 0x1072
                later-marks: [0x1073]
                listeners:
                  - { name: from-a, mode: chain, by: tproxy, port: 15002,
                      previous: { hop: hop-a, mark: 0x1071, pid-file: hop-a.pid } }
                route: { to: hop-c, by: interception }
                """);
        write("hop-c", """
                mark: 0x1073
                listeners:
                  - { name: from-b, mode: chain, by: redirect, port: 15003,
                      previous: { hop: hop-b, mark: 0x1072, pid-file: hop-b.pid } }
                route: { to: destination }
                """);
    }

    /**
     * Creates configurations in which each hop has the address of the next, with a tampering proxy between the last
     * two.
     */
    void writeExplicitConfigs(int firstPort, int wirePort, int destinationPort) throws IOException {
        write("hop-a", """
                listeners:
                  - { name: apps, mode: transparent, by: plain, address: "127.0.0.1:%d", destination: "127.0.0.1:%d" }
                route: { to: hop-b, at: "127.0.0.1:%d" }
                """.formatted(firstPort, destinationPort, firstPort + 1));
        write("hop-b", """
                listeners:
                  - { name: from-a, mode: chain, by: plain, address: "127.0.0.1:%d" }
                route: { to: hop-c, at: "127.0.0.1:%d" }
                """.formatted(firstPort + 1, wirePort));
        write("hop-c", """
                listeners:
                  - { name: from-b, mode: chain, by: plain, address: "127.0.0.1:%d" }
                nat-exceptions: [{ from: hop-b, to: hop-c, egress: 127.0.0.0/8 }]
                route: { to: destination }
                """.formatted(firstPort + 2));
    }

    /** Creates the configurations of two hops without interception, independent of other hops on this host. */
    void writeTrainingConfigs(int firstPort, int secondPort, int destinationPort) throws IOException {
        write("hop-a", """
                listeners:
                  - { name: apps, mode: transparent, by: plain, address: "127.0.0.1:%d", destination: "127.0.0.1:%d" }
                route: { to: hop-b, at: "127.0.0.1:%d" }
                """.formatted(firstPort, destinationPort, secondPort));
        write("hop-b", """
                listeners:
                  - { name: from-a, mode: chain, by: plain, address: "127.0.0.1:%d" }
                route: { to: destination }
                """.formatted(secondPort));
    }

    /** Starts the hops in processes from {@code command} and waits until all are ready; {@code closer} ends them. */
    List<HopProcess> start(Function<List<String>, ProcessBuilder> command, Closer closer) throws IOException {
        List<HopProcess> hops = new ArrayList<>();
        for (String name : names) {
            HopProcess hop = HopProcess.start(
                    name,
                    command.apply(ProgramCommand.of("run", "-c", config(name).toString())));
            closer.register(hop::close);
            hops.add(hop);
        }
        for (HopProcess hop : hops) {
            hop.ready();
        }
        return hops;
    }

    /** Writes the configuration of a hop: the settings of all hops, and {@code rest}. */
    void write(String name, String rest) throws IOException {
        Files.writeString(config(name), """
                hop: %1$s
                host: %2$s
                key: %1$s.key
                trust: trust
                admin: { socket: %1$s.sock, pid-file: %1$s.pid }
                """.formatted(name, HOST) + rest);
    }

    Path config(String name) {
        return folder.resolve(name + ".yaml");
    }
}

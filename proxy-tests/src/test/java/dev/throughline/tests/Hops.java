package dev.throughline.tests;

import dev.throughline.demo.HopProcess;
import dev.throughline.key.KeyFormatException;
import dev.throughline.key.PrivateKey;
import dev.throughline.keys.KeyFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The hops of a scene: their keys, one trust file and their configurations in a folder, and their processes on a host.
 * The origins are of the host {@link #HOST}.
 */
final class Hops implements AutoCloseable {
    static final String HOST = "edge-1";

    private final Path folder;
    private final Host host;
    private final Map<String, PrivateKey> keys = new LinkedHashMap<>();
    private final Map<String, RunningHop> running = new LinkedHashMap<>();

    Hops(Path folder, Host host) {
        this.folder = folder;
        this.host = host;
    }

    /** Creates a key for each name, which may both begin and continue chains. */
    Hops keys(String... names) throws IOException {
        for (String name : names) {
            PrivateKey key = stranger(name);
            keys.put(name, key);
            KeyFiles.writeSecret(folder.resolve(name + ".key"), key);
            Files.writeString(
                    folder.resolve("trust"),
                    key.publicKey().toText() + " origin=" + HOST + " hop\n",
                    StandardOpenOption.CREATE,
                    StandardOpenOption.APPEND);
        }
        return this;
    }

    PrivateKey key(String name) {
        return keys.get(name);
    }

    /** Returns an untrusted key in the name of a hop. */
    static PrivateKey stranger(String name) {
        try {
            return PrivateKey.generate(name, new SecureRandom());
        } catch (KeyFormatException e) {
            throw new AssertionError(e);
        }
    }

    /** Writes the configuration of a hop: the common settings, and {@code rest}. */
    Hops configure(String name, String rest) throws IOException {
        return configure(name, HOST, rest);
    }

    /** Writes the configuration of a hop on another host. */
    Hops configure(String name, String hostName, String rest) throws IOException {
        Files.writeString(config(name), """
                hop: %1$s
                host: %2$s
                key: %1$s.key
                trust: trust
                admin: { socket: %1$s.sock, pid-file: %1$s.pid }
                """.formatted(name, hostName) + rest);
        return this;
    }

    Path config(String name) {
        return folder.resolve(name + ".yaml");
    }

    /** Starts hops and waits until all of them accept connections. */
    Hops start(String... names) throws IOException {
        List<RunningHop> started = new ArrayList<>();
        for (String name : names) {
            started.add(launch(name));
        }
        for (RunningHop hop : started) {
            hop.process().ready();
        }
        return this;
    }

    /** Starts a hop whose interception is incomplete, and waits until it accepts connections. */
    RunningHop startNotReady(String name) throws IOException {
        RunningHop hop = launch(name);
        hop.awaitMessage("hop " + name + " is running but not ready, process " + hop.pid() + ": ");
        return hop;
    }

    /** Starts a hop by another program than throughline, and waits until it accepts connections. */
    RunningHop startAs(String name, List<String> command) throws IOException {
        RunningHop hop = start(name, command);
        hop.process().ready();
        return hop;
    }

    private RunningHop launch(String name) throws IOException {
        return start(name, Program.throughline("run", "-c", config(name).toString()));
    }

    private RunningHop start(String name, List<String> command) throws IOException {
        return start(name, host.command(command));
    }

    private RunningHop start(String name, ProcessBuilder command) throws IOException {
        RunningHop hop = new RunningHop(HopProcess.start(name, command), folder.resolve(name + ".sock"));
        running.put(name, hop);
        return hop;
    }

    /**
     * Starts one hop with a changed process, and waits until its admin interface reports that it is ready.
     *
     * @param before the words before its command, such as those of prlimit(1); they must end in its place (execve(2))
     * @param change changes the process builder
     */
    RunningHop start(String name, List<String> before, Consumer<ProcessBuilder> change) throws IOException {
        List<String> command = new ArrayList<>(before);
        command.addAll(Program.throughline("run", "-c", config(name).toString()));
        ProcessBuilder process = host.command(command);
        change.accept(process);
        RunningHop hop = start(name, process);
        hop.awaitReady();
        return hop;
    }

    /** Runs {@code throughline redirect VERB} for each name, all at once. */
    Hops redirect(String verb, String... names) throws IOException {
        List<Process> commands = new ArrayList<>();
        for (String name : names) {
            commands.add(host.command(Program.throughline(
                            "redirect", verb, "-c", config(name).toString()))
                    .redirectErrorStream(true)
                    .start());
        }
        for (Process command : commands) {
            String output =
                    new String(command.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
            if (command.onExit().join().exitValue() != 0) {
                throw new IOException("redirect " + verb + ": " + output);
            }
        }
        return this;
    }

    RunningHop get(String name) {
        return running.get(name);
    }

    @Override
    public void close() {
        running.values().forEach(hop -> hop.process().close());
    }
}

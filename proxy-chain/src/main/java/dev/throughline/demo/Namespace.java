package dev.throughline.demo;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import com.google.common.io.Closer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A host of its own for the network: interfaces, addresses, routes and rules that nobody outside sees, in which a command
 * runs as on any other host. Files, users and processes are those of the real host.
 *
 * <p>Works for root, and for other users where the kernel lets them have user namespaces; such a user then is root
 * inside, and the only user there. A namespace ends with {@link #close}, or with this JVM, however that ends; nothing
 * that ran in it stays.
 */
public final class Namespace implements AutoCloseable {
    private final String name;
    private final Holder holder;
    private final boolean ownUsers;
    private final List<Namespace> neighbours = new ArrayList<>();

    private Namespace(String name, Holder holder, boolean ownUsers) {
        this.name = name;
        this.holder = holder;
        this.ownUsers = ownUsers;
    }

    /**
     * The first host, with nothing but {@code lo}.
     *
     * @param name 1 to 12 letters or digits; a neighbour's interface towards it is named {@code to-NAME}
     * @throws IOException if the kernel doesn't allow it, in its words
     */
    public static Namespace host(String name) throws IOException {
        check(name);
        try {
            return new Namespace(name, Holder.start(ImmutableList.of("unshare", "-n", "--")), false);
        } catch (IOException asRoot) {
            try {
                return new Namespace(name, Holder.start(ImmutableList.of("unshare", "-U", "-r", "-n", "--")), true);
            } catch (IOException e) {
                e.addSuppressed(asRoot);
                throw e;
            }
        }
    }

    /** Another host, which ends with this one; they aren't connected until they are joined. */
    public Namespace neighbour(String neighbour) throws IOException {
        check(neighbour);
        List<String> command = Stream.concat(holder.enter(ownUsers).stream(), Stream.of("unshare", "-n", "--"))
                .toList();
        Namespace made = new Namespace(neighbour, Holder.start(command), ownUsers);
        neighbours.add(made);
        return made;
    }

    /**
     * Connects two hosts by a cable and gives each end an address; joining them again adds addresses to the same cable.
     *
     * @param address with prefix length, IPv4 or IPv6, such as {@code 192.0.2.1/24}
     * @param otherAddress of the other end, in the same network
     */
    public void join(Namespace other, String address, String otherAddress) throws IOException {
        String mine = "to-" + other.name;
        String theirs = "to-" + name;
        if (!run("ip", "-o", "link", "show").contains(" " + mine + "@")) {
            String pid = Long.toString(other.holder.pid());
            run("ip", "link", "add", mine, "type", "veth", "peer", "name", theirs, "netns", pid);
            run("ip", "link", "set", mine, "up");
            other.run("ip", "link", "set", theirs, "up");
        }
        addAddress(mine, address);
        other.addAddress(theirs, otherAddress);
    }

    /**
     * Sends what goes to unknown networks to {@code gateway}, IPv4 or IPv6. Without any route to its destination a
     * connection fails before a rule can see it.
     */
    public void defaultRoute(String gateway) throws IOException {
        run("ip", gateway.contains(":") ? "-6" : "-4", "route", "add", "default", "via", gateway);
    }

    /**
     * A command that will run in this namespace, in the working directory and with the environment that the builder is
     * given. The process it starts is the command itself: its process id, its signals, its exit code.
     */
    public ProcessBuilder command(List<String> command) {
        return Holder.builder(
                Stream.concat(holder.enter(ownUsers).stream(), command.stream()).toList());
    }

    public ProcessBuilder command(String... command) {
        return command(List.of(command));
    }

    /**
     * Runs a short command to its end and returns all that it wrote.
     *
     * @throws IOException with its words if it fails
     */
    public String run(String... command) throws IOException {
        Process process = command(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            int code = process.waitFor();
            if (code != 0) {
                throw new IOException(
                        "%s in %s: exit code %d: %s".formatted(String.join(" ", command), name, code, output.strip()));
            }
            return output;
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new IOException("interrupted during " + String.join(" ", command), e);
        }
    }

    /** Whether the only user inside is root, who stands for the user that runs this JVM. */
    public boolean hasOneUser() {
        return ownUsers;
    }

    /** Why there can be no namespace with working interception here, in a sentence for an operator; empty if there can. */
    public static Optional<String> unavailable() {
        return Requirements.missing();
    }

    /** Ends every process in here and in the neighbours, then the networks. */
    @Override
    public void close() throws IOException {
        try (Closer closer = Closer.create()) {
            closer.register(holder::end);
            neighbours.forEach(neighbour -> closer.register(neighbour::close));
        }
    }

    private void addAddress(String device, String address) throws IOException {
        List<String> command = new ArrayList<>(List.of("ip", "address", "add", address, "dev", device));
        if (address.contains(":")) {
            // Usable at once: there is nobody on the cable who could have the same address.
            command.add("nodad");
        }
        run(command.toArray(String[]::new));
    }

    private static void check(String name) {
        checkArgument(name.matches("[A-Za-z0-9]{1,12}"), "\"%s\": a host's name is 1 to 12 letters or digits", name);
    }

    @Override
    public String toString() {
        return name;
    }
}

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
 * A network namespace that acts as a separate host: it has its own interfaces, addresses, routes and rules. Files,
 * users and processes are those of the real host.
 *
 * <p>Works for root, and for other users if the kernel allows user namespaces; such a user is root inside, and the only
 * user there. A namespace and all its processes end with {@link #close}, or with this JVM.
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
     * Creates the first host, with only {@code lo}.
     *
     * @param name 1 to 12 letters or digits; interfaces of other hosts towards it are named {@code to-NAME}
     * @throws IOException if the kernel doesn't allow it, with its message
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

    /** Creates another host, which ends with this one. {@link #join} connects them. */
    public Namespace neighbour(String neighbour) throws IOException {
        check(neighbour);
        List<String> command = Stream.concat(holder.enter(ownUsers).stream(), Stream.of("unshare", "-n", "--"))
                .toList();
        Namespace made = new Namespace(neighbour, Holder.start(command), ownUsers);
        neighbours.add(made);
        return made;
    }

    /**
     * Connects two hosts by a veth pair and gives each end an address. A second call adds addresses to the same pair.
     *
     * @param address IPv4 or IPv6 address with prefix length, such as {@code 192.0.2.1/24}
     * @param otherAddress address of the other end, in the same network
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
     * Returns a process builder for a command in this namespace. The started process is the command itself, with its
     * own pid, signals and exit code.
     */
    public ProcessBuilder command(List<String> command) {
        return Holder.builder(
                Stream.concat(holder.enter(ownUsers).stream(), command.stream()).toList());
    }

    public ProcessBuilder command(String... command) {
        return command(List.of(command));
    }

    /**
     * Runs a short command and returns its output.
     *
     * @throws IOException with its output if it fails
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

    /** Returns whether the only user inside is root, mapped to the user of this JVM. */
    public boolean hasOneUser() {
        return ownUsers;
    }

    /** Returns why this host can't have namespaces with interception, as a message for an operator; empty if it can. */
    public static Optional<String> unavailable() {
        return Requirements.missing();
    }

    /** Ends every process in this and the joined hosts, then the namespaces. */
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
            // Skips duplicate address detection, because no other host on the link can have the address.
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

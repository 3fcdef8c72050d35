package dev.throughline.tests;

import com.google.common.net.HostAndPort;
import com.google.common.net.InetAddresses;
import dev.throughline.header.Tuple;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Optional;

/** A process that is an application or a destination on a host, controlled by a test. */
final class Party implements AutoCloseable {
    private final Process process;
    private final BufferedReader answers;
    private final Writer commands;
    private int opened;

    private Party(Process process) {
        this.process = process;
        this.answers = process.inputReader();
        this.commands = process.outputWriter();
    }

    /** Starts the process; {@link #ready} waits for it. */
    static Party start(Host host) throws IOException {
        return new Party(host.command(Program.test(PartyMain.class))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start());
    }

    Party ready() throws IOException {
        answer();
        return this;
    }

    static InetSocketAddress endpoint(String text) {
        HostAndPort parts = HostAndPort.fromString(text);
        return new InetSocketAddress(InetAddresses.forString(parts.getHost()), parts.getPort());
    }

    long pid() {
        return process.pid();
    }

    /** Serves an echo at an address. */
    Party serve(InetSocketAddress address) throws IOException {
        ask("serve " + Tuple.text(address));
        return this;
    }

    /** Listens at a Unix socket, and accepts no connection. */
    Party listen(Path socket) throws IOException {
        ask("listen " + socket);
        return this;
    }

    /** Starts an agent that opens connections for a hop, with an emulated system. */
    Party emulate(Path socket) throws IOException {
        ask("emulate " + socket);
        return this;
    }

    /** Returns the number of connections of its servers so far. */
    long connections() throws IOException {
        return Long.parseLong(ask("connections"));
    }

    /** Returns the number of bytes that its servers received so far. */
    long bytes() throws IOException {
        return Long.parseLong(ask("bytes"));
    }

    Line open(InetSocketAddress to) throws IOException {
        return open(Optional.empty(), to, 0);
    }

    Line open(Optional<InetSocketAddress> from, InetSocketAddress to, int mark) throws IOException {
        String name = "line-" + opened++;
        return new Line(this, name, endpoint(ask("open " + name + endpoints(from, to, mark))), to);
    }

    /** Returns whether a connection is refused, or reset before a byte was sent. */
    boolean isRefused(InetSocketAddress to) throws IOException {
        return isRefused(to, 0);
    }

    boolean isRefused(InetSocketAddress to, int mark) throws IOException {
        return Boolean.parseBoolean(ask("refused -" + endpoints(Optional.empty(), to, mark)));
    }

    boolean isRefused(Optional<InetSocketAddress> from, InetSocketAddress to) throws IOException {
        return Boolean.parseBoolean(ask("refused -" + endpoints(from, to, 0)));
    }

    private static String endpoints(Optional<InetSocketAddress> from, InetSocketAddress to, int mark) {
        return " " + Tuple.text(to) + " " + from.map(Tuple::text).orElse("-") + " " + mark;
    }

    private String ask(String command) throws IOException {
        commands.write(command + "\n");
        commands.flush();
        return answer();
    }

    private String answer() throws IOException {
        String answer = answers.readLine();
        if (answer == null || !answer.startsWith("ok ")) {
            throw new IOException("party " + process.pid() + ": " + answer);
        }
        return answer.substring(3);
    }

    @Override
    public void close() {
        process.destroyForcibly().onExit().join();
    }

    /**
     * A connection of a party.
     *
     * @param source its own end
     * @param destination the remote address of its socket
     */
    record Line(Party party, String name, InetSocketAddress source, InetSocketAddress destination)
            implements AutoCloseable {
        /** Sends all bytes, ends the output, and returns all bytes that come back. */
        byte[] say(byte[] bytes) throws IOException {
            return HexFormat.of()
                    .parseHex(party.ask("say " + name + " " + HexFormat.of().formatHex(bytes)));
        }

        /** Exchanges bytes with one byte in each segment. */
        byte[] trickle(byte[] bytes) throws IOException {
            return HexFormat.of()
                    .parseHex(party.ask("trickle " + name + " " + HexFormat.of().formatHex(bytes)));
        }

        /** Sends hexadecimal pieces and ends the output; a piece that begins with an exclamation mark is one urgent byte. */
        byte[] urgent(String pieces) throws IOException {
            return HexFormat.of().parseHex(party.ask("urgent " + name + " " + pieces));
        }

        /** Sends bytes and receives as many; both directions stay open. */
        byte[] exchange(byte[] bytes) throws IOException {
            return HexFormat.of()
                    .parseHex(
                            party.ask("exchange " + name + " " + HexFormat.of().formatHex(bytes)));
        }

        void send(byte[] bytes) throws IOException {
            party.ask("send " + name + " " + HexFormat.of().formatHex(bytes));
        }

        /** Waits for the end of the connection, and returns whether it is a reset. */
        boolean isReset() throws IOException {
            return Boolean.parseBoolean(party.ask("is-reset " + name));
        }

        /** Resets the connection. */
        void reset() throws IOException {
            party.ask("reset " + name);
        }

        @Override
        public void close() throws IOException {
            party.ask("close " + name);
        }
    }
}

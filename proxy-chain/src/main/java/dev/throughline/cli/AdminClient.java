package dev.throughline.cli;

import dev.throughline.config.IoErrorText;
import java.io.IOException;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Asks a running hop over its admin socket; one request a connection (RFC 9112), which the hop closes after its answer. A hop
 * that is stopped (SIGSTOP, the freezer of its cgroup, a debugger) keeps nobody waiting.
 */
final class AdminClient {
    static final Duration PATIENCE = Duration.ofSeconds(5);
    /** For what programs do that the hop starts, such as nft. */
    private static final Duration LONG = Duration.ofSeconds(60);

    private final Path socket;
    private final Duration patience;

    AdminClient(Path socket) {
        this(socket, PATIENCE);
    }

    AdminClient(Path socket, Duration patience) {
        this.socket = socket;
        this.patience = patience;
    }

    /** What a hop said. */
    record Answer(String statusLine, String body) {
        int status() {
            return Integer.parseInt(statusLine.substring("HTTP/1.1 ".length(), "HTTP/1.1 200".length()));
        }
    }

    /** The body of the page at {@code path}. */
    String get(String path) {
        return expected(ask("GET", path), 200).body();
    }

    /** Has the hop do something, which it may refuse. */
    Answer post(String path) {
        return expected(ask("POST", path), 200, 422);
    }

    /** The same, or nothing if no hop runs there. */
    Optional<Answer> postIfRunning(String path) {
        try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX);
                Deadline _ = new Deadline(probe, patience)) {
            probe.connect(UnixDomainSocketAddress.of(socket));
        } catch (AsynchronousCloseException e) {
            throw mute(patience);
        } catch (IOException e) {
            return Optional.empty();
        }
        // A stopped hop doesn't get as long as one that works.
        ask("GET", "/-/ready", patience);
        return Optional.of(expected(ask("POST", path, LONG), 200, 422));
    }

    /** That a hop runs and doesn't answer in time, if so. */
    Optional<String> muteness() {
        try {
            ask("GET", "/-/ready");
            return Optional.empty();
        } catch (Mute e) {
            return Optional.of(e.message());
        } catch (CommandFailure notRunning) {
            return Optional.empty();
        }
    }

    /** Why the hop isn't ready; nothing if it is, doesn't run, or doesn't let this user ask. */
    Optional<String> problemsOfRunningHop() {
        try {
            Answer answer = ask("GET", "/-/ready");
            return answer.status() == 503 ? Optional.of(answer.body().strip()) : Optional.empty();
        } catch (CommandFailure notRunning) {
            return Optional.empty();
        }
    }

    private Answer expected(Answer answer, Integer... statuses) {
        if (!List.of(statuses).contains(answer.status())) {
            throw new CommandFailure(
                    ExitCode.FAILURE,
                    socket + ": " + answer.statusLine() + ": " + answer.body().strip());
        }
        return answer;
    }

    private Answer ask(String method, String path) {
        return ask(method, path, patience);
    }

    private Answer ask(String method, String path, Duration time) {
        String answer = answer(method, path, time);
        int body = answer.indexOf("\r\n\r\n");
        if (body < 0) {
            throw new CommandFailure(
                    ExitCode.UNREACHABLE,
                    socket + ": the hop refuses this user (admin.uids in its configuration lists the allowed ones)");
        }
        return new Answer(answer.substring(0, answer.indexOf('\r')), answer.substring(body + 4));
    }

    /** What came back; nothing if the hop took the connection and didn't answer. */
    private String answer(String method, String path, Duration time) {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
                Deadline _ = new Deadline(channel, time)) {
            channel.connect(UnixDomainSocketAddress.of(socket));
            try {
                OutputStream request = Channels.newOutputStream(channel);
                request.write((method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                        .getBytes(StandardCharsets.US_ASCII));
                return new String(Channels.newInputStream(channel).readAllBytes(), StandardCharsets.UTF_8);
            } catch (AsynchronousCloseException e) {
                throw mute(time);
            } catch (IOException closed) {
                return "";
            }
        } catch (AsynchronousCloseException e) {
            throw mute(time);
        } catch (IOException e) {
            throw new CommandFailure(
                    ExitCode.UNREACHABLE,
                    socket + ": can't reach the hop (" + IoErrorText.of(e)
                            + "): is it running, and may this user access its socket?");
        }
    }

    private Mute mute(Duration time) {
        return new Mute(socket + ": no answer from the hop within " + time.toSeconds()
                + " s: is its process stopped (SIGSTOP, a frozen cgroup, a debugger), or the host overloaded?");
    }

    private static final class Mute extends CommandFailure {
        private static final long serialVersionUID = 1L;

        Mute(String message) {
            super(ExitCode.UNREACHABLE, message);
        }
    }

    /** Closes a channel when its time is over, on whatever call a thread then waits. */
    private static final class Deadline implements AutoCloseable {
        private final Thread waiting;

        Deadline(SocketChannel channel, Duration patience) {
            this.waiting = Thread.ofVirtual().start(() -> {
                try {
                    Thread.sleep(patience);
                    channel.close();
                } catch (InterruptedException | IOException e) {
                    // Answered in time.
                    return;
                }
            });
        }

        @Override
        public void close() {
            waiting.interrupt();
        }
    }
}

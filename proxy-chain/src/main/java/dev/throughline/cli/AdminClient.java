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
 * A client for a running hop's admin socket. Each connection carries one HTTP/1.1 request (RFC 9112); the hop closes it
 * after the response. All requests have a deadline, so a stopped hop (SIGSTOP, a frozen cgroup, a debugger) doesn't
 * block the caller.
 */
final class AdminClient {
    static final Duration PATIENCE = Duration.ofSeconds(5);
    /** For requests in which the hop runs programs, such as nft. */
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

    /** A hop's response. */
    record Answer(String statusLine, String body) {
        int status() {
            return Integer.parseInt(statusLine.substring("HTTP/1.1 ".length(), "HTTP/1.1 200".length()));
        }
    }

    /** Returns the body of the page at {@code path}. */
    String get(String path) {
        return expected(ask("GET", path), 200).body();
    }

    /** Sends a command, which the hop may refuse. */
    Answer post(String path) {
        return expected(ask("POST", path), 200, 422);
    }

    /** Sends a command; returns empty if no hop runs there. */
    Optional<Answer> postIfRunning(String path) {
        try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX);
                Deadline _ = new Deadline(probe, patience)) {
            probe.connect(UnixDomainSocketAddress.of(socket));
        } catch (AsynchronousCloseException e) {
            throw unresponsive(patience);
        } catch (IOException e) {
            return Optional.empty();
        }
        // This request has a shorter deadline than the command, so that a stopped hop is detected early.
        ask("GET", "/-/ready", patience);
        return Optional.of(expected(ask("POST", path, LONG), 200, 422));
    }

    /** Returns a message if a hop runs but does not respond in time; empty otherwise. */
    Optional<String> unresponsiveness() {
        try {
            ask("GET", "/-/ready");
            return Optional.empty();
        } catch (Unresponsive e) {
            return Optional.of(e.message());
        } catch (CommandFailure notRunning) {
            return Optional.empty();
        }
    }

    /** Returns why the hop isn't ready. Empty if it is ready, doesn't run, or doesn't allow this user. */
    Optional<String> notReadyReasons() {
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

    /** Returns the response; empty if the hop accepted the connection and closed it without one. */
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
                throw unresponsive(time);
            } catch (IOException closed) {
                return "";
            }
        } catch (AsynchronousCloseException e) {
            throw unresponsive(time);
        } catch (IOException e) {
            throw new CommandFailure(
                    ExitCode.UNREACHABLE,
                    socket + ": can't reach the hop (" + IoErrorText.of(e)
                            + "): is it running, and may this user access its socket?");
        }
    }

    private Unresponsive unresponsive(Duration time) {
        return new Unresponsive(socket + ": no answer from the hop within " + time.toSeconds()
                + " s: is its process stopped (SIGSTOP, a frozen cgroup, a debugger), or the host overloaded?");
    }

    private static final class Unresponsive extends CommandFailure {
        private static final long serialVersionUID = 1L;

        Unresponsive(String message) {
            super(ExitCode.UNREACHABLE, message);
        }
    }

    /** A deadline that closes a channel, which ends any blocking call on it. */
    private static final class Deadline implements AutoCloseable {
        private final Thread waiting;

        Deadline(SocketChannel channel, Duration patience) {
            this.waiting = Thread.ofVirtual().start(() -> {
                try {
                    Thread.sleep(patience);
                    channel.close();
                } catch (InterruptedException | IOException e) {
                    // The response came in time.
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

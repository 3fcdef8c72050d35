package dev.throughline.cli;

import dev.throughline.config.IoReason;
import java.io.IOException;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Asks a running hop over its admin socket; one request a connection (RFC 9112), which the hop closes after its answer. */
final class AdminClient {
    private final Path socket;

    AdminClient(Path socket) {
        this.socket = socket;
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
        try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            probe.connect(UnixDomainSocketAddress.of(socket));
        } catch (IOException e) {
            return Optional.empty();
        }
        return Optional.of(post(path));
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
        String answer = answer(method, path);
        int body = answer.indexOf("\r\n\r\n");
        if (body < 0) {
            throw new CommandFailure(
                    ExitCode.UNREACHABLE,
                    socket + ": the hop doesn't answer you: which users may is in its configuration, admin.uids");
        }
        return new Answer(answer.substring(0, answer.indexOf('\r')), answer.substring(body + 4));
    }

    /** What came back; nothing if the hop took the connection and didn't answer. */
    private String answer(String method, String path) {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(socket));
            try {
                OutputStream request = Channels.newOutputStream(channel);
                request.write((method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                        .getBytes(StandardCharsets.US_ASCII));
                return new String(Channels.newInputStream(channel).readAllBytes(), StandardCharsets.UTF_8);
            } catch (IOException closed) {
                return "";
            }
        } catch (IOException e) {
            throw new CommandFailure(
                    ExitCode.UNREACHABLE,
                    socket + ": no hop answers there (" + IoReason.of(e)
                            + "): is it running, and may you use its socket?");
        }
    }
}

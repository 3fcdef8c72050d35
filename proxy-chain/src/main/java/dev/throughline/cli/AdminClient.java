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

/** Asks a running hop over its admin socket; one GET a connection (RFC 9112), which the hop closes after its answer. */
final class AdminClient {
    private final Path socket;

    AdminClient(Path socket) {
        this.socket = socket;
    }

    /** The body of the page at {@code path}. */
    String get(String path) {
        String answer = answer(path);
        int body = answer.indexOf("\r\n\r\n");
        if (body < 0) {
            throw new CommandFailure(
                    ExitCode.UNREACHABLE,
                    socket + ": the hop doesn't answer you: which users may is in its configuration, admin.uids");
        }
        if (!answer.startsWith("HTTP/1.1 200 ")) {
            throw new CommandFailure(
                    ExitCode.FAILURE,
                    socket + ": " + answer.substring(0, answer.indexOf('\r')) + ": "
                            + answer.substring(body + 4).strip());
        }
        return answer.substring(body + 4);
    }

    /** What came back; nothing if the hop took the connection and didn't answer. */
    private String answer(String path) {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(socket));
            try {
                OutputStream request = Channels.newOutputStream(channel);
                request.write(("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
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

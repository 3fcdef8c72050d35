package dev.throughline.demo;

import dev.throughline.report.JsonTree;
import java.io.IOException;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/**
 * The admin interface of a hop that runs as another process.
 *
 * @param socket path of its Unix socket
 */
public record HopAdmin(Path socket) {
    /** Returns the body of the answer to a request without a body. */
    public String ask(String method, String path) throws IOException {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(socket));
            OutputStream request = Channels.newOutputStream(channel);
            request.write(
                    (method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
            String answer = new String(Channels.newInputStream(channel).readAllBytes(), StandardCharsets.UTF_8);
            return answer.substring(answer.indexOf("\r\n\r\n") + 4);
        }
    }

    /**
     * Returns the value of a series as the metrics page has it, such as {@code throughline_flows_open}.
     *
     * @throws IOException also if the page has no such series
     */
    public double metric(String series) throws IOException {
        return ask("GET", "/metrics")
                .lines()
                .filter(line -> line.startsWith(series + " "))
                .map(line -> Double.parseDouble(line.substring(series.length() + 1)))
                .findFirst()
                .orElseThrow(() -> new IOException(socket + ": no series " + series));
    }

    /** Returns the open flows. */
    public List<JsonTree> flows() throws IOException {
        return JsonTree.parse(ask("GET", "/flows")).list("flows");
    }
}

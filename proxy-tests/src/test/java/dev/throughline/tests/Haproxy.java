package dev.throughline.tests;

import com.google.common.net.InetAddresses;
import dev.throughline.header.Tuple;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** HAProxy in TCP mode: its listeners, and its log line of a connection. */
final class Haproxy {
    private final List<InetSocketAddress> listening = new ArrayList<>();
    private final StringBuilder config = new StringBuilder("""
            global
                log stdout format raw local0
                maxconn 1000
            defaults
                mode tcp
                log global
                option logasap
                log-format "for %[src] %[src_port] -> %[dst] %[dst_port]"
                timeout connect 30s
                timeout client 60s
                timeout server 60s
            """);

    static String version() throws IOException {
        return Host.THIS
                .run(List.of(ForeignProgram.path("haproxy"), "-v"))
                .lines()
                .findFirst()
                .orElseThrow();
    }

    /** Adds a listener that expects a header. */
    Haproxy acceptProxy(InetSocketAddress at, InetSocketAddress server) {
        return listen(at, " accept-proxy", server, "");
    }

    /** Adds a listener that expects no header and forwards all bytes, from the address {@code egress}. */
    Haproxy passOn(InetSocketAddress at, InetSocketAddress egress, InetSocketAddress server) {
        return listen(at, "", server, " source " + egress.getAddress().getHostAddress());
    }

    /**
     * A listener for both families with one socket, that tells its server who connected, with PROXY v2; the server is checked
     * as often as HAProxy can, by a connection alone or as {@code checkWords} say.
     */
    Haproxy sendProxy(int port, InetSocketAddress source, InetSocketAddress server, String checkWords) {
        config.append("""
                listen number-%d
                    bind :::%d v4v6
                    server one %s send-proxy-v2 source %s check inter 20ms %s
                """.formatted(
                listening.size(), port, Tuple.text(server), source.getAddress().getHostAddress(), checkWords));
        listening.add(new InetSocketAddress(InetAddresses.forString("::1"), port));
        return this;
    }

    private Haproxy listen(InetSocketAddress at, String bindWords, InetSocketAddress server, String serverWords) {
        config.append("""
                listen number-%d
                    bind %s%s
                    server one %s%s
                """.formatted(listening.size(), Tuple.text(at), bindWords, Tuple.text(server), serverWords));
        listening.add(at);
        return this;
    }

    ForeignProgram start(Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("haproxy.cfg"), config);
        return ForeignProgram.start(List.of(ForeignProgram.path("haproxy"), "-db", "-f", file.toString()), listening);
    }
}

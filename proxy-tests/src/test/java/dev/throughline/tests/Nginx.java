package dev.throughline.tests;

import dev.throughline.header.Tuple;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** nginx in one process: its servers, and its log line of a connection. */
final class Nginx {
    static final String STREAM_MODULE = "/usr/lib/nginx/modules/ngx_stream_module.so";

    private final List<InetSocketAddress> listening = new ArrayList<>();
    private final StringBuilder http = new StringBuilder();
    private final StringBuilder stream = new StringBuilder();

    /** Returns the version as nginx prints it, such as {@code nginx/1.22.1}. */
    static String version() throws IOException {
        String text = Host.THIS.run(List.of(ForeignProgram.path("nginx"), "-v"));
        return text.substring(text.indexOf("nginx/")).strip();
    }

    static boolean isAtLeast(int major, int minor, int patch) throws IOException {
        Runtime.Version version = Runtime.Version.parse(version().replaceFirst("nginx/([0-9.]+).*", "$1"));
        return version.compareTo(Runtime.Version.parse(major + "." + minor + "." + patch)) >= 0;
    }

    /** Adds a web server that expects a header, and answers every request with the client's address and the path. */
    Nginx http(InetSocketAddress at) {
        return http(at, "");
    }

    /** Adds a web server with a larger buffer for the first bytes of a connection than the default of 1024 bytes. */
    Nginx roomyHttp(InetSocketAddress at) {
        return http(at, "client_header_buffer_size 8k;");
    }

    private Nginx http(InetSocketAddress at, String words) {
        http.append("""
                server {
                    listen %s proxy_protocol;
                    %s
                    location / { return 200 "$remote_addr $remote_port asked for $request_uri"; }
                }
                """.formatted(Tuple.text(at), words));
        listening.add(at);
        return this;
    }

    /** Adds a TCP proxy that expects a header. */
    Nginx stream(InetSocketAddress at, InetSocketAddress server) {
        return stream(at, " proxy_protocol", server, "");
    }

    /** Adds a TCP proxy that expects no header and forwards all bytes, from the address {@code egress}. */
    Nginx passOn(InetSocketAddress at, InetSocketAddress egress, InetSocketAddress server) {
        return stream(
                at,
                "",
                server,
                "proxy_half_close on; proxy_bind " + egress.getAddress().getHostAddress() + ";");
    }

    private Nginx stream(InetSocketAddress at, String listenWords, InetSocketAddress server, String words) {
        stream.append("server { listen %s%s; proxy_pass %s; %s }\n"
                .formatted(Tuple.text(at), listenWords, Tuple.text(server), words));
        listening.add(at);
        return this;
    }

    ForeignProgram start(Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("nginx.conf"), config(folder));
        return ForeignProgram.start(
                List.of(ForeignProgram.path("nginx"), "-e", "stderr", "-c", file.toString()), listening);
    }

    private String config(Path folder) {
        String log = "'for $remote_addr $remote_port -> $proxy_protocol_server_addr $proxy_protocol_server_port'";
        return """
                load_module %1$s;
                daemon off;
                master_process off;
                pid %2$s/nginx.pid;
                events { worker_connections 1000; }
                http {
                    client_body_temp_path %2$s/body;
                    proxy_temp_path %2$s/proxy;
                    fastcgi_temp_path %2$s/fastcgi;
                    uwsgi_temp_path %2$s/uwsgi;
                    scgi_temp_path %2$s/scgi;
                    set_real_ip_from 0.0.0.0/0;
                    set_real_ip_from ::/0;
                    real_ip_header proxy_protocol;
                    log_format source %3$s;
                    access_log /dev/stdout source;
                %4$s}
                stream {
                    set_real_ip_from 0.0.0.0/0;
                    set_real_ip_from ::/0;
                    log_format source %3$s;
                    access_log /dev/stdout source;
                %5$s}
                """.formatted(ForeignProgram.path(STREAM_MODULE), folder, log, http, stream);
    }
}

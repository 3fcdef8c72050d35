package dev.throughline.bench.compare;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The chains of other proxies. The first hop announces the source with an unsigned PROXY header, and the second requires it.
 * They neither sign, identify, verify nor log.
 */
final class PeerPlans {
    private static final String STREAM_MODULE = "/usr/lib/nginx/modules/ngx_stream_module.so";

    /** More than are held at once; each takes two descriptors, and containers often limit a process to 20,000. */
    private static final int CONNECTIONS = 9_000;

    /** With fewer connections, since each of the pipes takes two descriptors as well. */
    private static final int SPLICED_CONNECTIONS = 8_000;

    private final Path folder;
    private final FreePorts ports;
    private final int backend;

    PeerPlans(Path folder, FreePorts ports, int backend) {
        this.folder = folder;
        this.ports = ports;
        this.backend = backend;
    }

    /** HAProxy as it comes, with one thread. */
    Optional<ProxyPlan> haproxy(String name) throws IOException {
        return haproxy(
                name,
                "mode tcp, nbthread 1, maxconn " + CONNECTIONS + ", send-proxy-v2 and accept-proxy",
                "maxconn " + CONNECTIONS,
                "");
    }

    /** HAProxy in its best configuration for bulk. */
    Optional<ProxyPlan> haproxySplice(String name) throws IOException {
        return haproxy(
                name,
                "the same with option splice-request, option splice-response, maxpipes 1000, tune.pipesize 1048576, maxconn "
                        + SPLICED_CONNECTIONS,
                "maxconn " + SPLICED_CONNECTIONS + "\n  maxpipes 1000\n  tune.pipesize 1048576",
                "option splice-request\n  option splice-response");
    }

    private Optional<ProxyPlan> haproxy(String name, String description, String global, String defaults)
            throws IOException {
        Optional<String> program = ProgramFinder.find("haproxy");
        if (program.isEmpty()) {
            return Optional.empty();
        }
        String version = ProgramFinder.run(List.of(program.get(), "-v"))
                .lines()
                .findFirst()
                .orElseThrow()
                .replaceAll("(?i)^(haproxy) version (\\S+).*", "$1 $2");
        int second = ports.next();
        int first = ports.next();
        return Optional.of(new ProxyPlan(
                name,
                version + ": " + description,
                first,
                haproxyHop(program.get(), global, defaults, first, "", second + " send-proxy-v2"),
                haproxyHop(program.get(), global, defaults, second, " accept-proxy", String.valueOf(backend))));
    }

    private ProxyPlan.Hop haproxyHop(
            String program, String global, String defaults, int port, String bindWords, String serverWords)
            throws IOException {
        Path file = Files.writeString(folder.resolve("haproxy-" + port + ".cfg"), """
                global
                  nbthread 1
                  %s
                defaults
                  mode tcp
                  timeout connect 5s
                  timeout client 1h
                  timeout server 1h
                  %s
                listen hop
                  bind 127.0.0.1:%d%s
                  server next 127.0.0.1:%s
                """.formatted(
                        global, defaults, port, bindWords, serverWords));
        return peerHop(List.of(program, "-db", "-f", file.toString()), port);
    }

    Optional<ProxyPlan> nginx(String name) throws IOException {
        Optional<String> program = ProgramFinder.find("nginx");
        Optional<String> module = ProgramFinder.findFile(STREAM_MODULE);
        if (program.isEmpty() || module.isEmpty()) {
            return Optional.empty();
        }
        String version = ProgramFinder.run(List.of(program.get(), "-v")).replaceAll("(?s).*(nginx/\\S+).*", "$1");
        int second = ports.next();
        int first = ports.next();
        return Optional.of(new ProxyPlan(
                name,
                version + ": stream, worker_processes 1, proxy_protocol on (v1), tcp_nodelay on, access_log off",
                first,
                nginxHop(program.get(), module.get(), first, "", "proxy_protocol on;", second),
                nginxHop(program.get(), module.get(), second, " proxy_protocol", "", backend)));
    }

    private ProxyPlan.Hop nginxHop(String program, String module, int port, String listenWords, String words, int next)
            throws IOException {
        Path file = Files.writeString(folder.resolve("nginx-" + port + ".conf"), """
                load_module %1$s;
                daemon off;
                pid %2$s/nginx-%3$d.pid;
                worker_processes 1;
                worker_rlimit_nofile 20000;
                events { worker_connections 19000; }
                stream {
                  access_log off;
                  tcp_nodelay on;
                  proxy_timeout 1h;
                  server { listen 127.0.0.1:%3$d%4$s; %5$s proxy_pass 127.0.0.1:%6$d; }
                }
                """.formatted(
                        module, folder, port, listenWords, words, next));
        return peerHop(List.of(program, "-e", "stderr", "-c", file.toString()), port);
    }

    private ProxyPlan.Hop peerHop(List<String> command, int port) {
        return new ProxyPlan.Hop(command, port, Optional.empty(), folder.resolve("peer-" + port + ".log"));
    }
}

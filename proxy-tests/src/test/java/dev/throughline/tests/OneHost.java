package dev.throughline.tests;

import com.google.common.io.Closer;
import dev.throughline.demo.Namespace;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;

/**
 * A host with applications and hops that intercept them and one another, and a server on another host; a network
 * namespace each.
 */
final class OneHost implements AutoCloseable {
    static final InetSocketAddress WEB = Party.endpoint("10.91.9.2:80");
    static final InetSocketAddress WEB6 = Party.endpoint("[fd91:9::2]:80");
    static final InetSocketAddress OTHER = Party.endpoint("10.91.9.2:8000");
    static final InetSocketAddress OTHER6 = Party.endpoint("[fd91:9::2]:8000");

    /** Of hop-a, hop-b and hop-c. */
    static final List<Integer> MARKS = List.of(0x7101, 0x7102, 0x7103);

    static final List<String> HOPS = List.of("hop-a", "hop-b", "hop-c");

    private final Closer closer = Closer.create();
    private final Namespace host;
    private final Hops hops;
    private Party app;
    private Party server;

    private OneHost(Path folder) throws IOException {
        this.host = Namespace.host("host");
        closer.register(host::close);
        this.hops = new Hops(folder, host::command);
        closer.register(hops::close);
    }

    /** The network and the parties, without hops. */
    static OneHost bare(Path folder) throws IOException {
        OneHost scene = new OneHost(folder);
        try {
            scene.build();
            return scene;
        } catch (IOException | RuntimeException e) {
            scene.close();
            throw e;
        }
    }

    /** Three hops, each of which intercepts the one before it in the way that is said. */
    static OneHost chain(Path folder, List<String> ways) throws IOException {
        OneHost scene = bare(folder);
        try {
            scene.hops.keys("hop-a", "hop-b", "hop-c");
            scene.hops.configure("hop-a", """
                    mark: 0x7101
                    later-marks: [0x7102, 0x7103]
                    listeners:
                      - { name: apps, mode: transparent, by: %s, port: 15001, capture: { ports: [80, 8000-8099] } }
                    route: { to: hop-b, by: interception }
                    """.formatted(ways.get(0)));
            scene.hops.configure("hop-b", """
                    mark: 0x7102
                    later-marks: [0x7103]
                    listeners:
                      - { name: from-a, mode: chain, by: %s, port: 15002,
                          previous: { hop: hop-a, mark: 0x7101, pid-file: hop-a.pid } }
                    route: { to: hop-c, by: interception }
                    """.formatted(ways.get(1)));
            scene.hops.configure("hop-c", """
                    mark: 0x7103
                    listeners:
                      - { name: from-b, mode: chain, by: %s, port: 15003,
                          previous: { hop: hop-b, mark: 0x7102, pid-file: hop-b.pid } }
                    route: { to: destination }
                    """.formatted(ways.get(2)));
            scene.hops.redirect("apply", "hop-a", "hop-b", "hop-c").start("hop-a", "hop-b", "hop-c");
            return scene;
        } catch (IOException | RuntimeException e) {
            scene.close();
            throw e;
        }
    }

    private void build() throws IOException {
        Namespace web = host.neighbour("web");
        host.join(web, "10.91.9.1/24", "10.91.9.2/24");
        host.join(web, "fd91:9::1/64", "fd91:9::2/64");
        server = Party.start(web::command);
        closer.register(server::close);
        app = party();
        server.ready().serve(WEB).serve(WEB6).serve(OTHER).serve(OTHER6);
        app.ready();
    }

    /** One more application; it isn't ready yet. */
    Party party() throws IOException {
        Party party = Party.start(host::command);
        closer.register(party::close);
        return party;
    }

    Namespace host() {
        return host;
    }

    Hops hops() {
        return hops;
    }

    RunningHop a() {
        return hops.get("hop-a");
    }

    RunningHop b() {
        return hops.get("hop-b");
    }

    RunningHop c() {
        return hops.get("hop-c");
    }

    Party app() {
        return app;
    }

    Party server() {
        return server;
    }

    @Override
    public void close() throws IOException {
        closer.close();
    }
}

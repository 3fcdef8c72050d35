package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.io.Closer;
import dev.throughline.demo.Namespace;
import dev.throughline.report.JsonTree;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
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

    /** The marks of hop-a, hop-b and hop-c. */
    static final List<Integer> MARKS = List.of(0x7101, 0x7102, 0x7103);

    static final List<String> HOPS = List.of("hop-a", "hop-b", "hop-c");

    private final Closer closer = Closer.create();
    private final Namespace host;
    private final Namespace web;
    private final Hops hops;
    private Party app;
    private Party server;

    private OneHost(Path folder) throws IOException {
        this.host = Namespace.host("host");
        closer.register(host::close);
        this.web = host.neighbour("web");
        this.hops = new Hops(folder, host::command);
        closer.register(hops::close);
    }

    /** Creates the network and the parties, without hops. */
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

    /** Creates three hops; each intercepts the one before it by its method in the list. */
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
            scene.hops.start("hop-a", "hop-b", "hop-c");
            return scene;
        } catch (IOException | RuntimeException e) {
            scene.close();
            throw e;
        }
    }

    private void build() throws IOException {
        host.join(web, "10.91.9.1/24", "10.91.9.2/24");
        host.join(web, "fd91:9::1/64", "fd91:9::2/64");
        server = Party.start(web::command);
        closer.register(server::close);
        app = party();
        server.ready().serve(WEB).serve(WEB6).serve(OTHER).serve(OTHER6);
        app.ready();
    }

    /** Starts another application, without waiting for it. */
    Party party() throws IOException {
        Party party = Party.start(host::command);
        closer.register(party::close);
        return party;
    }

    Namespace host() {
        return host;
    }

    /** Returns the host of the server. */
    Namespace web() {
        return web;
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

    interface Action {
        void run() throws IOException;
    }

    /** Asserts that {@code action} causes no traffic at the server. */
    void nothingArrives(Action action) throws IOException {
        long bytes = server.bytes();
        long connections = server.connections();
        action.run();
        assertThat(server.bytes()).isEqualTo(bytes);
        assertThat(server.connections()).isEqualTo(connections);
    }

    /** Asserts that a connection of the application is refused, with a reason in the log of {@code hop}. */
    void isRefusedBy(RunningHop hop, String reason, InetSocketAddress to) throws IOException {
        double before = hop.closedFor(reason);
        assertThat(app.isRefused(to)).isTrue();
        hop.awaitMetric("throughline_flows_closed_total{reason=\"" + reason + "\"}", before + 1);
    }

    /** Asserts that a flow of the application passes all hops. */
    void works() throws IOException {
        byte[] payload = Payload.bytes(100);
        try (Party.Line line = app.open(WEB)) {
            Payload.assertSame(line.say(payload), payload);
        }
    }

    /** Asserts that the originator of a flow, by the kernel or a header, is {@code party}. */
    static void isOf(JsonTree who, Party party) throws IOException {
        Path process = Path.of("/proc", Long.toString(party.pid()));
        assertThat(who.text("evidence")).isEqualTo(BestEvidence.HERE);
        assertThat(who.text("pid")).isEqualTo(Long.toString(party.pid()));
        assertThat(who.text("exe"))
                .isEqualTo(Files.readSymbolicLink(process.resolve("exe")).toString());
        assertThat(who.text("exe_sha256")).isEqualTo(Payload.sha256(process.resolve("exe")));
        assertThat(who.text("exe_file"))
                .endsWith(Files.getAttribute(process.resolve("exe"), "unix:ino").toString());
        assertThat(who.text("exe_state")).isEqualTo("-");
        assertThat(who.text("start_time")).isEqualTo(startTime(process));
        assertThat(who.text("parent_pid"))
                .isEqualTo(Long.toString(ProcessHandle.of(party.pid())
                        .flatMap(ProcessHandle::parent)
                        .orElseThrow()
                        .pid()));
    }

    /** Field 22 of proc(5)'s stat; the second field, a name in brackets, may hold anything. */
    static String startTime(Path process) throws IOException {
        String stat = Files.readString(process.resolve("stat"));
        return stat.substring(stat.lastIndexOf(')') + 2).split(" ")[19];
    }

    @Override
    public void close() throws IOException {
        closer.close();
    }
}

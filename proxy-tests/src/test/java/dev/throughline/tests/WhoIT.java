package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.throughline.header.Tuple;
import dev.throughline.report.JsonTree;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;

/** {@code throughline who}: an operator asks for the owner of a connection. */
@Isolated("the kernel's table of closed connections is shared by all hops, and their tests fill it")
@Timeout(180)
class WhoIT {
    private static final Loopback NET = Loopback.own();
    private static final InetSocketAddress FRONT = NET.at(1, 17001);

    @TempDir
    static Path folder;

    private static Destination destination;
    private static Hops hops;

    @BeforeAll
    static void start() throws IOException {
        destination = Destination.at(NET.address(9));
        hops = new Hops(folder, Host.THIS).keys("hop-a", "hop-b");
        hops.configure(
                "hop-a", """
                listeners:
                  - { name: front, mode: transparent, by: plain, address: "%s", destination: "%s" }
                route: { to: hop-b, at: "%s" }
                """.formatted(Tuple.text(FRONT), Tuple.text(destination.address()), NET.text(2, 17001)));
        hops.configure("hop-b", """
                listeners: [{ name: from-a, mode: chain, by: plain, address: "%s" }]
                route: { to: destination }
                """.formatted(NET.text(2, 17001)));
        hops.start("hop-a", "hop-b");
    }

    @AfterAll
    static void stop() throws IOException {
        hops.close();
        destination.close();
    }

    private record Said(int status, String text) {}

    private static Said who(InetSocketAddress source, InetSocketAddress to, String... more) throws Exception {
        List<String> command = new ArrayList<>(List.of("who", Tuple.text(source), Tuple.text(to)));
        command.addAll(List.of(more));
        Process process = new ProcessBuilder(Program.throughline(command.toArray(String[]::new)))
                .redirectErrorStream(true)
                .start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Said(process.waitFor(), text);
    }

    private static String socket(String hop) {
        return hops.get(hop).adminSocket().toString();
    }

    @Test
    void theKernelNamesTheProcessOfAnOpenConnection() throws Exception {
        try (End app = End.connect(FRONT);
                End server = destination.accept()) {
            Said said = who(app.local(), app.remote());

            assertThat(said.status()).as(said.text()).isZero();
            assertThat(said.text())
                    .startsWith(
                            Tuple.text(app.local()) + " -> " + Tuple.text(app.remote()) + "\n"
                                    + "kernel of this host: found by socket lookup in the kernel; one process holds the socket\n")
                    .containsPattern("\n  pid +" + ProcessHandle.current().pid() + "\n");
            server.close();
        }
    }

    @Test
    void aHopKnowsItsFlowsAndWhoOpenedThem() throws Exception {
        try (End app = End.connect(FRONT);
                End server = destination.accept()) {
            JsonTree atB = hops.get("hop-b").flows().stream()
                    .filter(flow -> flow.object("originator").text("source").equals(Tuple.text(app.local())))
                    .findFirst()
                    .orElseThrow();

            // hop-b is queried for the application's tuple: the connection itself ends at hop-a.
            Said said = who(app.local(), destination.address(), "--socket", socket("hop-b"));

            assertThat(said.status()).as(said.text()).isZero();
            assertThat(said.text())
                    .contains("flow " + atB.text("number")
                            + " of hop hop-b, relaying, originator verified, through hop-a, hop-b\n")
                    .containsPattern("\n  pid +" + ProcessHandle.current().pid() + "\n");
            server.close();
        }
    }

    /** The hop's records have what /proc no longer has. */
    @Test
    void aHopKnowsWhoOpenedWhatIsClosedByNow() throws Exception {
        assumeTrue(BestEvidence.HERE.equals("kernel-connect"), "the kernel's notes can't be had here");
        InetSocketAddress source;
        try (End app = End.connect(FRONT);
                End server = destination.accept()) {
            source = app.local();
            server.close();
        }
        hops.get("hop-a").closedFrom(source, FRONT);

        assertThat(who(source, FRONT).status()).isEqualTo(8);
        Said said = who(source, FRONT, "--socket", socket("hop-a"));
        assertThat(said.status()).as(said.text()).isZero();
        assertThat(said.text())
                .contains("kernel of this host: recorded in the process's own context when it connected\n")
                .containsPattern("\n  pid +" + ProcessHandle.current().pid() + "\n");
    }
}

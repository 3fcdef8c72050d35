package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.header.Tuple;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Many flows at once, and much in one flow, through three hops on loopback. */
@Timeout(300)
class LoadIT {
    private static final int FLOWS = 2_000;
    private static final int BYTES = 32 * 1024;
    private static final long GIGABYTE = 1L << 30;
    private static final Loopback NET = Loopback.own();

    @TempDir
    static Path folder;

    private static ServerSocket destination;
    private static Hops hops;

    @BeforeAll
    static void start() throws IOException {
        destination = new ServerSocket(17_080, 4096, NET.address(9));
        hops = new Hops(folder, Host.THIS).keys("hop-a", "hop-b", "hop-c");
        hops.configure("hop-a", """
                listeners:
                  - { name: apps, mode: transparent, by: plain, address: "%s", destination: "%s" }
                route: { to: hop-b, at: "%s" }
                """.formatted(NET.text(1, 17_001), NET.text(9, 17_080), NET.text(2, 17_001)));
        hops.configure("hop-b", """
                listeners: [{ name: from-a, mode: chain, by: plain, address: "%s" }]
                limits: { half-open-headers: 4000 }
                route: { to: hop-c, at: "%s" }
                """.formatted(NET.text(2, 17_001), NET.text(3, 17_001)));
        hops.configure("hop-c", """
                listeners: [{ name: from-b, mode: chain, by: plain, address: "%s" }]
                limits: { half-open-headers: 4000 }
                route: { to: destination }
                """.formatted(NET.text(3, 17_001)));
        hops.start("hop-a", "hop-b", "hop-c");
    }

    @AfterAll
    static void stop() throws IOException {
        hops.close();
        destination.close();
    }

    /** Each sends, waits until all of them stand, and only then finishes. */
    @Test
    void twoThousandFlowsAtOnceEachGetTheirOwnBytesBack() throws Exception {
        CompletableFuture<Void> server = Payload.background(() -> {
            for (int i = 0; i < FLOWS; i++) {
                Socket socket = destination.accept();
                Thread.ofVirtual().start(() -> echo(socket));
            }
        });
        CountDownLatch standing = new CountDownLatch(FLOWS);
        CountDownLatch counted = new CountDownLatch(1);
        List<CompletableFuture<Void>> applications = new ArrayList<>();
        for (int i = 0; i < FLOWS; i++) {
            applications.add(Payload.background(() -> {
                byte[] bytes = Payload.bytes(BYTES);
                try (Socket socket = connect()) {
                    socket.getOutputStream().write(bytes, 0, BYTES / 2);
                    byte[] first = socket.getInputStream().readNBytes(BYTES / 2);
                    standing.countDown();
                    assertThat(await(counted)).isTrue();
                    socket.getOutputStream().write(bytes, BYTES / 2, BYTES / 2);
                    socket.shutdownOutput();
                    byte[] rest = socket.getInputStream().readAllBytes();
                    Payload.assertSame(first, java.util.Arrays.copyOf(bytes, BYTES / 2));
                    Payload.assertSame(rest, java.util.Arrays.copyOfRange(bytes, BYTES / 2, BYTES));
                }
            }));
        }
        assertThat(await(standing)).isTrue();
        for (String name : List.of("hop-a", "hop-b", "hop-c")) {
            assertThat(hops.get(name).metric("throughline_flows_open")).isEqualTo(FLOWS);
        }
        counted.countDown();
        for (CompletableFuture<Void> application : applications) {
            application.get(120, TimeUnit.SECONDS);
        }
        server.get(10, TimeUnit.SECONDS);
        for (String name : List.of("hop-a", "hop-b", "hop-c")) {
            hops.get(name).awaitMetric("throughline_flows_closed_total{reason=\"completed\"}", FLOWS);
            hops.get(name).awaitMetric("throughline_flows_open", 0);
        }
        assertThat(hops.get("hop-c").process().flowLog())
                .filteredOn(line -> line.text("event").equals("flow.close"))
                .allSatisfy(line -> assertThat(line.object("originator").text("pid"))
                        .isEqualTo(Long.toString(ProcessHandle.current().pid())));
    }

    @Test
    void aGigabyteEachWayArrivesAsItWasSent() throws Exception {
        CompletableFuture<String> received = Payload.answer(() -> {
            try (Socket socket = destination.accept()) {
                CompletableFuture<String> sent = Payload.answer(() -> send(socket, 2));
                return Payload.sha256(socket.getInputStream()) + " " + sent.get();
            }
        });
        try (Socket socket = connect()) {
            CompletableFuture<String> sent = Payload.answer(() -> send(socket, 1));
            String answer = Payload.sha256(socket.getInputStream());

            assertThat(received.get(120, TimeUnit.SECONDS)).isEqualTo(sent.get() + " " + answer);
        }
    }

    /** A gigabyte and the end of the output; the digest of what was sent. */
    private static String send(Socket socket, int seed) throws IOException {
        MessageDigest digest = Payload.digest();
        byte[] block = new byte[1 << 20];
        new java.util.SplittableRandom(seed).nextBytes(block);
        OutputStream out = socket.getOutputStream();
        for (long sent = 0; sent < GIGABYTE; sent += block.length) {
            block[(int) (sent >> 20) % block.length]++;
            digest.update(block);
            out.write(block);
        }
        socket.shutdownOutput();
        return HexFormat.of().formatHex(digest.digest());
    }

    private static void echo(Socket socket) {
        try (socket) {
            InputStream in = socket.getInputStream();
            in.transferTo(socket.getOutputStream());
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(Tuple.text((InetSocketAddress) socket.getRemoteSocketAddress()), e);
        }
    }

    private static Socket connect() throws IOException {
        Socket socket = new Socket();
        socket.connect(NET.at(1, 17_001), 60_000);
        return socket;
    }

    private static boolean await(CountDownLatch latch) {
        try {
            return latch.await(120, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}

package dev.throughline.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.common.collect.ImmutableSet;
import dev.throughline.flow.FlowTable;
import dev.throughline.flow.HostShortages;
import dev.throughline.key.Trust;
import dev.throughline.metrics.HopMetrics;
import dev.throughline.report.FlowJson;
import dev.throughline.report.IdNames;
import dev.throughline.report.Reload;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(30)
class AdminServerTest {
    private static final int NOBODY = 65534;

    private final List<String> notReady = new ArrayList<>();
    private Reload reload = new Reload(true, List.of("nothing has changed"));
    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    private AdminServer server;
    private int ownUid;

    @TempDir
    Path folder;

    private Path socket;

    private static final int MAX_CONNECTIONS = 32;

    @BeforeEach
    void prepare() throws IOException {
        socket = folder.resolve("run/admin.sock");
        ownUid = (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
        server = serverFor(ownUid);
    }

    @AfterEach
    void close() throws IOException {
        server.close();
        loops.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    private AdminServer serverFor(Integer... uids) {
        AdminPages pages = new AdminPages(
                new FlowTable(10),
                new FlowJson("hop-a", new IdNames(Trust.NOBODY, "hop-a", "edge-1")),
                () -> "{}",
                new HopMetrics(),
                () -> notReady,
                () -> reload,
                apply -> CompletableFuture.completedFuture(apply ? "rules" : "none"),
                tuple -> CompletableFuture.supplyAsync(() -> "{\"asked\":\"" + tuple + "\"}"));
        return new AdminServer(
                loops,
                pages,
                ImmutableSet.copyOf(uids),
                new HostShortages(Optional::empty, problem -> {}),
                MAX_CONNECTIONS);
    }

    private String ask(String request) throws IOException {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(socket));
            Channels.newOutputStream(channel)
                    .write((request + " HTTP/1.1\r\nHost: localhost\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
            return new String(Channels.newInputStream(channel).readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static String body(String answer) {
        return answer.substring(answer.indexOf("\r\n\r\n") + 4);
    }

    @Test
    void pagesAreAnsweredAndTheConnectionIsClosed() throws IOException {
        server.listen(socket);

        assertThat(ask("GET /-/healthy")).startsWith("HTTP/1.1 200 OK\r\n").endsWith("\r\n\r\nhealthy\n");
        assertThat(body(ask("GET /flows"))).isEqualTo("{\"flows\":[]}\n");
        assertThat(ask("GET /flows")).contains("content-type: application/json");
        assertThat(body(ask("GET /metrics"))).contains("throughline_flows_opened_total 0.0");
        assertThat(ask("GET /-/healthy?verbose=1")).startsWith("HTTP/1.1 200 OK");
    }

    @Test
    void theOwnerOfAConnectionIsRequestedByItsEnds() throws IOException {
        server.listen(socket);

        assertThat(body(ask("GET /who?source=192.0.2.1:80&destination=%5B2001:db8::1%5D:443")))
                .isEqualTo("both ends must be of the transport's family\n");
        assertThat(body(ask("GET /who?source=192.0.2.1:80&destination=192.0.2.2:443")))
                .isEqualTo("{\"asked\":\"192.0.2.1:80 -> 192.0.2.2:443\"}\n");
        assertThat(ask("GET /who?source=192.0.2.1:80"))
                .startsWith("HTTP/1.1 400 Bad Request")
                .endsWith("found \"\"\n");
    }

    @Test
    void anUnknownPathListsThePages() throws IOException {
        server.listen(socket);

        String answer = ask("GET /flow");

        assertThat(answer).startsWith("HTTP/1.1 404 Not Found");
        assertThat(body(answer))
                .isEqualTo(
                        "available pages: /metrics /-/healthy /-/ready /flows /budget /identification /who /-/reload /-/redirect/apply"
                                + " /-/redirect/remove\n");
    }

    @Test
    void readOnlyPagesAcceptOnlyGet() throws IOException {
        server.listen(socket);

        assertThat(ask("POST /flows"))
                .startsWith("HTTP/1.1 405 Method Not Allowed")
                .endsWith("GET only\n");
        assertThat(ask("DELETE /flows")).startsWith("HTTP/1.1 405");
    }

    @Test
    void pagesThatChangeSomethingRejectGet() throws IOException {
        server.listen(socket);

        assertThat(ask("GET /-/reload"))
                .startsWith("HTTP/1.1 405 Method Not Allowed")
                .endsWith("POST only\n");
    }

    @Test
    void aReloadReportsAllChangesOrAllProblems() throws IOException {
        server.listen(socket);
        assertThat(ask("POST /-/reload")).startsWith("HTTP/1.1 200 OK").endsWith("\r\n\r\nnothing has changed\n");

        reload = new Reload(false, List.of("trust:1:1: no key", "hop-a.key: mode rw-r--r--"));

        assertThat(ask("POST /-/reload"))
                .startsWith("HTTP/1.1 422 Unprocessable Entity")
                .endsWith("\r\n\r\ntrust:1:1: no key\nhop-a.key: mode rw-r--r--\n");
    }

    @Test
    void readinessReportsTheReasons() throws IOException {
        server.listen(socket);
        assertThat(ask("GET /-/ready")).startsWith("HTTP/1.1 200").endsWith("ready\n");

        notReady.add("draining");
        notReady.add("no rules");

        assertThat(ask("GET /-/ready"))
                .startsWith("HTTP/1.1 503 Service Unavailable")
                .endsWith("not ready: draining; no rules\n");
    }

    @Test
    void bytesThatAreNotHttpGetNoResponse() throws IOException {
        server.listen(socket);

        assertThat(ask("\u0000\u0001")).doesNotContain("200");
    }

    @Test
    void onlyOwnersMayConnectUnlessOtherUsersAreConfigured() throws IOException {
        server.listen(socket);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
                .isEqualTo("rw-------");

        try (AdminServer shared = serverFor(0, ownUid, 1001, 1002)) {
            socket = folder.resolve("shared.sock");
            shared.listen(socket);
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
                    .isEqualTo("rw-rw-rw-");
        }
    }

    @Test
    void aUserThatIsNotNamedGetsNothing() throws Exception {
        server.close();
        server = serverFor(NOBODY + 1);
        server.listen(socket);

        String answer = "";
        try {
            answer = ask("GET /-/healthy");
        } catch (IOException closed) {
            // The connection was closed before the request was written or read: there is no answer.
        }

        assertThat(answer).isEmpty();
    }

    /** The file mode would already refuse it: the test opens the mode, so that only the kernel's credentials count. */
    @Test
    void anotherUserGetsNothingThoughTheFileIsOpenToAll() throws Exception {
        assumeTrue(has("setpriv") && has("curl"), "needs setpriv and curl");
        assumeTrue(canBecomeNobody(), "needs root, to run a client as another user");
        server.listen(socket);
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-rw-rw-"));

        assertThat(curl(ownUid)).isEqualTo("healthy\n");
        assertThat(curl(NOBODY)).isEmpty();

        server.close();
        server = serverFor(ownUid, NOBODY);
        server.listen(socket);
        Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-rw-rw-"));
        assertThat(curl(NOBODY)).isEqualTo("healthy\n");
    }

    private String curl(int uid) throws Exception {
        Process client = new ProcessBuilder(
                        "setpriv",
                        "--reuid=" + uid,
                        "--clear-groups",
                        "curl",
                        "-s",
                        "--max-time",
                        "10",
                        "--unix-socket",
                        socket.toString(),
                        "http://localhost/-/healthy")
                .redirectErrorStream(true)
                .start();
        client.getOutputStream().close();
        return new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    private static boolean canBecomeNobody() throws Exception {
        return new ProcessBuilder("setpriv", "--reuid=" + NOBODY, "--clear-groups", "true")
                        .redirectErrorStream(true)
                        .start()
                        .waitFor()
                == 0;
    }

    private static boolean has(String program) {
        return java.util.Arrays.stream(System.getenv("PATH").split(":", -1))
                .anyMatch(path -> Files.isExecutable(Path.of(path, program)));
    }

    @Test
    void aSocketThatAKilledHopLeftBehindIsReplaced() throws IOException {
        Files.createDirectories(socket.getParent());
        try (ServerSocketChannel killed = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            killed.bind(UnixDomainSocketAddress.of(socket));
        }
        assertThat(socket).exists();

        server.listen(socket);

        assertThat(body(ask("GET /-/healthy"))).isEqualTo("healthy\n");
    }

    @Test
    void aSocketInUseIsNotReplaced() throws IOException {
        server.listen(socket);

        try (AdminServer second = serverFor(ownUid)) {
            assertThatThrownBy(() -> second.listen(socket))
                    .isInstanceOf(IOException.class)
                    .hasMessage(socket + " is in use (is this hop already running?)");
        }
        assertThat(body(ask("GET /-/healthy"))).isEqualTo("healthy\n");
    }

    @Test
    void aFolderThatIsNoFolderIsNamed() throws IOException {
        Path file = Files.createFile(folder.resolve("file"));

        assertThatThrownBy(() -> server.listen(file.resolve("admin.sock")))
                .isInstanceOf(NotDirectoryException.class)
                .hasMessage(file.toString());
    }

    @Test
    void overTcpThereAreMetricsAndHealthButNoFlowsAndNothingToDo() throws IOException {
        InetSocketAddress free = freeAddress();
        server.listen(free, ImmutableSet.of("edge-1"));

        assertThat(askTcp(free, "/-/ready")).startsWith("HTTP/1.1 200");
        assertThat(askTcp(free, "/metrics")).contains("throughline_flows_opened_total");
        assertThat(askTcp(free, "/flows"))
                .startsWith("HTTP/1.1 404")
                .doesNotContain("available pages: /metrics /-/healthy /-/ready /flows");
        assertThat(askTcp(free, "/-/reload")).startsWith("HTTP/1.1 404");
    }

    private static InetSocketAddress freeAddress() throws IOException {
        try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return (InetSocketAddress) probe.getLocalSocketAddress();
        }
    }

    /** Another site's page, in a browser on this host, can make its own domain name resolve to this address (DNS rebinding). */
    @ParameterizedTest
    @CsvSource({
        "Host: 127.0.0.1:9464, 200",
        "Host: [::1]:9464, 200",
        "Host: localhost, 200",
        "Host: EDGE-1:9464, 200",
        "Accept: */*, 200",
        "Host: attacker.example:9464, 403",
        "Host: localhost.attacker.example, 403",
        "Host: 127.0.0.1.attacker.example, 403",
        "Host: a b, 403",
        "Host: localhost\\r\\nOrigin: http://attacker.example, 403"
    })
    @Tag("attack")
    void overTcpOnlyOwnHostNamesAreAccepted(String header, int status) throws IOException {
        InetSocketAddress free = freeAddress();
        server.listen(free, ImmutableSet.of("edge-1"));
        try (Socket client = new Socket(free.getAddress(), free.getPort())) {
            client.getOutputStream()
                    .write(("GET /metrics HTTP/1.1\r\n" + header.translateEscapes() + "\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            assertThat(new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                    .startsWith("HTTP/1.1 " + status + " ");
        }
    }

    /** A client that holds connections open can't block others, and uses few descriptors. */
    @Tag("attack")
    @Test
    void heldConnectionsAreClosedForNewOnes() throws IOException {
        InetSocketAddress free = freeAddress();
        server.listen(free, ImmutableSet.of());
        List<Socket> held = new ArrayList<>();
        try {
            for (int i = 0; i < MAX_CONNECTIONS + 1; i++) {
                Socket socket = new Socket(free.getAddress(), free.getPort());
                held.add(socket);
                socket.getOutputStream().write("GET /metrics HTTP/1.1\r\nX".getBytes(StandardCharsets.US_ASCII));
            }
            assertThat(held.getFirst().getInputStream().read()).isEqualTo(-1);
            assertThat(askTcp(free, "/-/healthy")).startsWith("HTTP/1.1 200");
        } finally {
            for (Socket socket : held) {
                socket.close();
            }
        }
    }

    @Test
    void theFirstOfPipelinedRequestsIsAnswered() throws IOException {
        InetSocketAddress free = freeAddress();
        server.listen(free, ImmutableSet.of());
        try (Socket client = new Socket(free.getAddress(), free.getPort())) {
            client.getOutputStream()
                    .write("GET /-/healthy HTTP/1.1\r\n\r\n".repeat(100).getBytes(StandardCharsets.US_ASCII));
            String answers;
            try {
                answers = new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            } catch (IOException resetSinceTheRestIsUnread) {
                return;
            }
            assertThat(answers).containsOnlyOnce("HTTP/1.1");
        }
    }

    @Test
    void anAddressInUseIsNamed() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            assertThatThrownBy(
                            () -> server.listen((InetSocketAddress) taken.getLocalSocketAddress(), ImmutableSet.of()))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("can't listen on 127.0.0.1:" + taken.getLocalPort() + ": ")
                    .hasMessageContaining("in use");
        }
    }

    private static String askTcp(InetSocketAddress address, String path) throws IOException {
        try (Socket socket = new Socket(address.getAddress(), address.getPort())) {
            socket.getOutputStream()
                    .write(("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}

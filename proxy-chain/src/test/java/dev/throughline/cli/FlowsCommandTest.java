package dev.throughline.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Commands that query a hop, with a hop that sends the test's responses. */
@Timeout(20)
class FlowsCommandTest {
    private static final String OK = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n";
    private static final String NAMED = """
            {"number":1,"stage":"relaying","originator":{"host":"edge-1","evidence":"socket-lookup","pid":4242,\
            "uid":1000,"comm":"curl","source":"192.0.2.10:40000","destination":"198.51.100.80:443"},\
            "bytes_out":100,"bytes_in":2000,"duration_ms":1549.0}""";
    private static final String BY_USER = """
            {"number":2,"stage":"connecting","originator":{"host":"edge-1","evidence":"uid-only","uid":33},\
            "bytes_out":0,"bytes_in":0,"duration_ms":1.5}""";
    private static final String ARRIVING = """
            {"number":3,"stage":"arriving","bytes_out":0,"bytes_in":0,"duration_ms":0.1}""";

    @TempDir
    Path folder;

    private ServerSocketChannel server;
    private Path socket;

    @BeforeEach
    void listen() throws IOException {
        socket = folder.resolve("admin.sock");
        server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(socket));
    }

    @AfterEach
    void close() throws IOException {
        server.close();
    }

    /** Answers one request. */
    private void answer(String text) {
        Thread.ofPlatform().start(() -> {
            try (SocketChannel client = server.accept()) {
                if (!text.isEmpty()) {
                    client.read(ByteBuffer.allocate(4096));
                    client.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
                }
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
    }

    private String list(String format) {
        answer(OK + "{\"flows\":[" + NAMED + "," + BY_USER + "," + ARRIVING + "]}\n");
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        PrintStream real = System.out;
        try {
            System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
            assertThat(Cli.execute("flows", "list", "--socket", socket.toString(), "-o", format))
                    .isEqualTo(ExitCode.OK);
        } finally {
            System.setOut(real);
        }
        return out.toString(StandardCharsets.UTF_8);
    }

    @Test
    void aTableForPeople() {
        assertThat(list("table").lines().map(line -> line.replaceAll(" +", " ")))
                .containsExactly(
                        "FLOW STAGE ORIGINATOR EVIDENCE SOURCE DESTINATION OUT IN SECONDS",
                        "1 relaying curl[4242] socket-lookup on edge-1 192.0.2.10:40000 198.51.100.80:443 100 2000 1.5",
                        "2 connecting uid 33 uid-only on edge-1 - - 0 0 0.0",
                        "3 arriving - - - - 0 0 0.0");
    }

    @Test
    void printsTheHopsJsonUnchanged() {
        assertThat(list("json")).isEqualTo("{\"flows\":[" + NAMED + "," + BY_USER + "," + ARRIVING + "]}\n");
    }

    @Test
    void oneLineAFlow() {
        assertThat(list("jsonl").lines()).containsExactly(NAMED, BY_USER, ARRIVING);
    }

    @Test
    void aHopThatTakesTheConnectionAndDoesntAnswerRefusesThisUser() {
        answer("");

        CommandFailure failure = failure();

        assertThat(failure.exitCode()).isEqualTo(ExitCode.UNREACHABLE);
        assertThat(failure.message()).contains("refuses this user").contains("admin.uids");
    }

    @Test
    void anAnswerThatIsNoPageIsAFailureInTheHopsWords() {
        answer("HTTP/1.1 404 Not Found\r\n\r\navailable pages: /metrics\n");

        CommandFailure failure = failure();

        assertThat(failure.exitCode()).isEqualTo(ExitCode.FAILURE);
        assertThat(failure.message()).isEqualTo(socket + ": HTTP/1.1 404 Not Found: available pages: /metrics");
    }

    private CommandFailure failure() {
        return catchThrowableOfType(CommandFailure.class, () -> new AdminClient(socket).get("/flows"));
    }
}

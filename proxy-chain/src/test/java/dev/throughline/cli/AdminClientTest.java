package dev.throughline.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A stopped hop: the kernel accepts connections, and the hop never responds. */
@Timeout(30)
class AdminClientTest {
    @TempDir
    Path folder;

    private Path socket;
    private ServerSocketChannel mute;
    private final List<SocketChannel> waiting = new ArrayList<>();

    @BeforeEach
    void listen() throws IOException {
        socket = folder.resolve("admin.sock");
        mute = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        mute.bind(UnixDomainSocketAddress.of(socket), 1);
    }

    @AfterEach
    void close() throws IOException {
        mute.close();
        for (SocketChannel one : waiting) {
            one.close();
        }
    }

    private void givesUp(Runnable command) {
        CommandFailure failure = catchThrowableOfType(CommandFailure.class, command::run);
        assertThat(failure.exitCode()).isEqualTo(ExitCode.UNREACHABLE);
        assertThat(failure.message())
                .startsWith(socket + ": no answer from the hop within 0 s: is its process stopped");
    }

    private AdminClient client() {
        return new AdminClient(socket, Duration.ofMillis(200));
    }

    @Test
    void givesUpWhenAHopDoesNotAnswer() {
        givesUp(() -> client().get("/flows"));
        givesUp(() -> client().post("/-/reload"));
        assertThat(client().unresponsiveness()).isPresent();
    }

    @Test
    void givesUpWhenAHopDoesNotEvenTakeConnections() throws IOException {
        // The backlog of the listener (listen(2)).
        while (true) {
            SocketChannel one = SocketChannel.open(StandardProtocolFamily.UNIX);
            one.configureBlocking(false);
            waiting.add(one);
            try {
                if (!one.connect(UnixDomainSocketAddress.of(socket))) {
                    break;
                }
            } catch (IOException full) {
                break;
            }
        }
        givesUp(() -> client().get("/flows"));
        givesUp(() -> client().postIfRunning("/-/redirect/apply"));
    }

    @Test
    void saysNothingOfAHopThatDoesNotRun() throws IOException {
        mute.close();
        assertThat(client().unresponsiveness()).isEmpty();
        assertThat(client().postIfRunning("/-/redirect/apply")).isEmpty();
    }
}

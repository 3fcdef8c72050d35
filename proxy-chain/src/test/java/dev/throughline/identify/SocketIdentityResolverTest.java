package dev.throughline.identify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.header.Bytes;
import dev.throughline.originator.Evidence;
import dev.throughline.platform.linux.SocketDiag;
import dev.throughline.platform.linux.SocketOwner;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The results when processes change between the scan and the check of the process that it found. */
@Timeout(60)
class SocketIdentityResolverTest {
    private final ExecutableDigests digests = new ExecutableDigests(id -> id);
    private final SocketIdentityResolver naming = new SocketIdentityResolver(
            new ProcessReader(digests, Optional.empty(), Known.reads()),
            Users.ofThisHost(),
            Bytes.copyOf(new byte[16]),
            Duration.ofSeconds(10),
            new SocketCgroup(Optional.empty()));

    @AfterEach
    void close() {
        digests.close();
    }

    private static SocketOwner socket(Application application) throws IOException {
        try (SocketDiag sockets = SocketDiag.open()) {
            return sockets.find(application.tuple()).orElseThrow();
        }
    }

    private static OwnerLookup lookup(SocketOwner socket) {
        return new OwnerLookup(socket, Long.MAX_VALUE, false, new CompletableFuture<>());
    }

    /** The process no longer holds the socket: another holder may be its opener. */
    @Test
    void aProcessThatClosedTheSocketSinceTheScanIsNotNamed() throws IOException {
        try (Application application = Application.run("echo ready >&3; read -r line <&3; exec 3>&-; sleep 1000; :")) {
            SocketOwner socket = socket(application);
            SocketHolders before = SocketHolders.scan(Set.of(socket.inode()), uid -> uid, SocketHolders.BUDGET);
            assertThat(before.of(socket.inode()))
                    .extracting(SocketHolders.Holder::pid)
                    .containsExactly(application.pid());
            application.accepted().getOutputStream().write("let go\n".getBytes(StandardCharsets.US_ASCII));
            assertThat(application.accepted().getInputStream().read()).isEqualTo(-1);

            OwnerLookup first = lookup(socket);
            List<OwnerLookup> moved = naming.name(List.of(first), before);

            assertThat(first.answer()).as("it is searched again").isNotDone();
            assertThat(moved).containsExactly(first.retry());
            assertThat(naming.name(moved, before)).isEmpty();
            assertThat(first.answer().join().identity().evidence()).isEqualTo(Evidence.UID_ONLY);
            assertThat(first.answer().join().identity().process()).isEmpty();
            assertThat(application.process().isAlive()).isTrue();
        }
    }

    /** The process that held the socket is unknown once it is gone. */
    @Test
    void aSharedSocketHasNoUserAfterOneOfItsHoldersEnded() throws Exception {
        try (Application application = Application.run("sleep 1000 & echo ready >&3; wait")) {
            SocketOwner socket = socket(application);
            SocketHolders before = SocketHolders.scan(Set.of(socket.inode()), uid -> uid, SocketHolders.BUDGET);
            assertThat(before.of(socket.inode())).hasSize(2);
            ProcessHandle child = application.process().children().findFirst().orElseThrow();
            child.destroyForcibly();
            // After its parent has waited for it, the process is gone.
            while (Files.exists(Path.of("/proc/" + child.pid()))) {
                Thread.onSpinWait();
            }

            OwnerLookup lookup = lookup(socket);
            assertThat(naming.name(List.of(lookup), before)).isEmpty();

            assertThat(lookup.answer().join().identity().evidence()).isEqualTo(Evidence.SHARED);
            assertThat(lookup.answer().join().uid()).isEmpty();
        }
    }
}

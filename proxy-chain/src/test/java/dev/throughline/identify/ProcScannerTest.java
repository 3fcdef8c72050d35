package dev.throughline.identify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.header.Bytes;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.ProcessContext;
import dev.throughline.platform.linux.SocketDiag;
import dev.throughline.platform.linux.SocketOwner;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class ProcScannerTest {
    /** No socket has this inode. */
    private static final SocketOwner GONE =
            new SocketOwner(4_294_967_295L, 0, 1, OptionalInt.of(7), OptionalLong.empty(), 1, true);

    @Test
    void aProcessThatIsGoneLeavesItsUser() {
        try (ProcScanner search = search(IdentifyLimits.NORMAL)) {
            search.start();
            SocketIdentity owner = search.find(GONE, 1).join();

            assertThat(owner.identity().evidence()).isEqualTo(Evidence.UID_ONLY);
            assertThat(owner.identity().process()).isEmpty();
            assertThat(owner.identity().processContext().userName()).contains("root");
            assertThat(owner.uid()).hasValue(0);
            assertThat(owner.mark()).hasValue(7);
            assertThat(search.scans()).isEqualTo(1);
        }
    }

    @Test
    void theDeadlineHoldsEvenIfNobodyScans() {
        try (ProcScanner search = search(
                new IdentifyLimits(Duration.ofMillis(20), Duration.ZERO, IdentifyLimits.NORMAL.readDeadline(), 10))) {
            SocketIdentity owner = search.find(GONE, 1).join();
            assertThat(owner.identity().evidence()).isEqualTo(Evidence.UID_ONLY);
            assertThat(owner.identity().processContext()).isEqualTo(ProcessContext.UNKNOWN);
        }
    }

    @Test
    void aProcessWithManyDescriptorsIsNamedAllTheSame() throws Exception {
        try (Application application = ManyDescriptors.run();
                SocketDiag sockets = SocketDiag.open();
                ProcScanner search = search(new IdentifyLimits(
                        Duration.ofSeconds(15), Duration.ZERO, IdentifyLimits.NORMAL.readDeadline(), 10))) {
            search.start();
            SocketIdentity owner = search.find(sockets.find(application.tuple()).orElseThrow(), Long.MAX_VALUE)
                    .join();

            assertThat(owner.identity().evidence()).isEqualTo(Evidence.SOCKET_LOOKUP);
            assertThat(owner.identity().process().orElseThrow().pid()).isEqualTo(ManyDescriptors.holder(application));
        }
    }

    @Test
    void oneLookupTooManyIsAnsweredAtOnce() {
        try (ProcScanner search = search(
                new IdentifyLimits(Duration.ofHours(1), Duration.ZERO, IdentifyLimits.NORMAL.readDeadline(), 1))) {
            CompletableFuture<SocketIdentity> waiting = search.find(GONE, 1);
            CompletableFuture<SocketIdentity> refused = search.find(GONE, 1);

            assertThat(waiting).isNotDone();
            assertThat(refused.join().uid()).hasValue(0);
            assertThat(search.failures()).isEqualTo(1);
        }
    }

    private static ProcScanner search(IdentifyLimits limits) {
        SocketIdentityResolver naming = new SocketIdentityResolver(
                new ProcessReader(new ExecutableDigests(id -> id), Optional.empty(), Known.reads()),
                new Users(Path.of("/etc/passwd")),
                Bytes.copyOf(new byte[16]),
                limits.digestDeadline(),
                new SocketCgroup(Optional.empty()));
        return new ProcScanner(limits, naming, uid -> uid);
    }
}

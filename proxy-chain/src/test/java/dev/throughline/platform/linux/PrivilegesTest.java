package dev.throughline.platform.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class PrivilegesTest {
    /** On a separate thread, because dropped capabilities can't be regained. */
    private static <T> T onAThread(Work<T> work) {
        CompletableFuture<T> result = new CompletableFuture<>();
        Thread.ofPlatform().start(() -> {
            try {
                result.complete(work.done());
            } catch (IOException e) {
                result.completeExceptionally(e);
            }
        });
        return result.join();
    }

    private interface Work<T> {
        T done() throws IOException;
    }

    private static Set<Capability> ofThisThread() throws IOException {
        return Capability.parse(Files.readString(Path.of("/proc/thread-self/status")));
    }

    @Test
    void capabilitiesThatAreNotKeptAreDroppedForThisThreadAndItsChildren() throws IOException {
        Set<Capability> before = ofThisThread();
        assumeTrue(before.containsAll(Set.of(Capability.NET_ADMIN, Capability.SYS_ADMIN)), "needs capabilities");

        Set<Capability> kept = onAThread(() -> {
            Set<Capability> left = Privileges.keepOnly(EnumSet.of(Capability.NET_ADMIN));
            assertThat(ofThisThread()).isEqualTo(left);
            assertThat(onAThread(PrivilegesTest::ofThisThread)).isEqualTo(left);
            return left;
        });

        assertThat(kept).containsExactly(Capability.NET_ADMIN);
        assertThat(ofThisThread()).isEqualTo(before);
    }

    @Test
    void droppedCapabilitiesCantBeRegained() {
        Set<Capability> kept = onAThread(() -> {
            Privileges.keepOnly(EnumSet.noneOf(Capability.class));
            return Privileges.keepOnly(EnumSet.allOf(Capability.class));
        });

        assertThat(kept).isEmpty();
    }
}

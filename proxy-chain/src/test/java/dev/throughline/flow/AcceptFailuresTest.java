package dev.throughline.flow;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.epoll.Epoll;
import io.netty.channel.unix.Errors;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AcceptFailuresTest {
    private static final int EMFILE = 24;

    private final List<String> log = new ArrayList<>();
    private final AcceptFailures failures =
            new AcceptFailures("listener front", new HostShortages(Optional::empty, log::add));
    private final AtomicInteger attempts = new AtomicInteger();

    /** Errors needs the native library. */
    @BeforeAll
    static void load() {
        Epoll.ensureAvailability();
    }

    private static IOException error(int errno) {
        return Errors.newIOException("accept(..)", -errno);
    }

    private static boolean notCalled() {
        throw new AssertionError("there is a descriptor");
    }

    /** EPERM, EPROTO and ECONNABORTED: the next connection may be all right. */
    @ParameterizedTest
    @ValueSource(ints = {1, 71, 103})
    void anErrorOfOneConnectionChangesNothing(int errno) {
        assertThat(failures.needsPause(error(errno), AcceptFailuresTest::notCalled))
                .isFalse();
        assertThat(log).isEmpty();
    }

    /** ENOMEM and ENOBUFS. */
    @ParameterizedTest
    @ValueSource(ints = {12, 105})
    void aShortageOfMemoryIsLoggedAndPausesAccepting(int errno) {
        assertThat(failures.needsPause(error(errno), AcceptFailuresTest::notCalled))
                .isTrue();
        assertThat(log).hasSize(1).first().asString().contains("listener front");
    }

    @Test
    void withoutADescriptorAllPendingConnectionsAreRefused() {
        boolean pauses = failures.needsPause(error(EMFILE), () -> attempts.incrementAndGet() <= 3);

        assertThat(pauses).isFalse();
        assertThat(attempts).hasValue(4);
        assertThat(log).hasSize(1).first().asString().contains("listener front", "LimitNOFILE");
    }

    /** Other sockets of the event loop are served in between. */
    @Test
    void onlySomeAreRefusedAtOnce() {
        assertThat(failures.needsPause(error(EMFILE), () -> attempts.incrementAndGet() > 0))
                .isFalse();
        assertThat(attempts).hasValue(64);
    }

    @Test
    void ifAnotherThreadTakesTheSpareDescriptorAcceptingPauses() {
        assertThat(failures.needsPause(error(EMFILE), () -> {
                    throw error(EMFILE);
                }))
                .isTrue();
        assertThat(log).hasSize(1).first().asString().contains("listener front");
    }

    @Test
    void theSpareDescriptorIsKeptForTheNextShortage() {
        failures.needsPause(error(EMFILE), () -> false);
        failures.needsPause(error(EMFILE), () -> attempts.incrementAndGet() < 1);

        assertThat(attempts).hasValue(1);
    }
}

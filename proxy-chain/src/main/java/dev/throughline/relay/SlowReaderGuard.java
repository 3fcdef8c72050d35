package dev.throughline.relay;

import dev.throughline.engine.Connection;
import dev.throughline.engine.TcpState;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A guard that keeps TCP_USER_TIMEOUT from ending a connection whose peer is alive but doesn't read. Linux applies it to a
 * closed window too, although the peer acknowledges every probe (tcp_probe_timer, net/ipv4/tcp_timer.c), so a paused download
 * would be aborted. Twice in each timeout, while there are unsent bytes, the guard removes the timeout if the window is closed,
 * and sets it again when it is open.
 */
final class SlowReaderGuard {
    /** TCP_RTO_MAX (net/tcp.h): the longest time between two probes of a closed window. */
    private static final Duration PROBES_AT_LEAST_EACH = Duration.ofMinutes(2);

    private final Connection connection;
    private final Duration timeout;
    private final Runnable lost;
    private boolean lifted;
    private @Nullable Future<?> check;

    /**
     * Guards {@code connection}.
     *
     * @param timeout its user timeout; zero for none
     * @param lost called when a peer with a closed window has stopped answering as well
     */
    SlowReaderGuard(Connection connection, Duration timeout, Runnable lost) {
        this.connection = connection;
        this.timeout = timeout;
        this.lost = lost;
    }

    /** Starts checking: bytes were written to the peer. */
    void written() {
        if (check == null && !timeout.isZero()) {
            check = connection.loop().schedule(this::check, timeout.toNanos() / 2, TimeUnit.NANOSECONDS);
        }
    }

    private void check() {
        check = null;
        Optional<TcpState> state = connection.tcpState();
        if (state.isEmpty()) {
            return;
        }
        TcpState now = state.get();
        boolean closed = now.isWindowClosed();
        if (closed != lifted) {
            lifted = closed;
            connection.userTimeout(closed ? Duration.ZERO : timeout);
        }
        if (closed && now.sinceAcknowledgement().compareTo(timeout.plus(PROBES_AT_LEAST_EACH)) >= 0) {
            lost.run();
        } else if (closed || now.unacknowledged() > 0) {
            written();
        }
    }

    void stop() {
        if (check != null) {
            check.cancel(false);
        }
    }
}

package dev.throughline.relay;

import dev.throughline.engine.Connection;
import dev.throughline.engine.TcpState;
import java.time.Duration;
import java.util.Optional;

/**
 * A guard that keeps TCP_USER_TIMEOUT from ending a connection whose peer is alive but doesn't read. Linux applies it to a
 * closed window too, although the peer acknowledges every probe (tcp_probe_timer, net/ipv4/tcp_timer.c), so a paused download
 * would be aborted. Twice in each timeout, while there are unacknowledged bytes, the guard removes the timeout if the window is closed,
 * and sets it again when it is open.
 */
final class SlowReaderGuard {
    /** TCP_RTO_MAX (net/tcp.h): the longest time between two probes of a closed window. */
    private static final Duration PROBES_AT_LEAST_EACH = Duration.ofMinutes(2);

    private final Connection connection;
    private final Duration timeout;
    private boolean lifted;
    private boolean watching;

    /**
     * Guards {@code connection}.
     *
     * @param timeout its user timeout; zero for none
     */
    SlowReaderGuard(Connection connection, Duration timeout) {
        this.connection = connection;
        this.timeout = timeout;
    }

    /** Notes that bytes were written to the peer. Returns whether {@link #check} becomes necessary by that. */
    boolean written() {
        if (watching || timeout.isZero()) {
            return false;
        }
        watching = true;
        return true;
    }

    /** Returns the time between two checks, in nanoseconds; as good as never if none is necessary. */
    long intervalNanos() {
        return watching ? shortestNanos() : Long.MAX_VALUE;
    }

    /** Returns the time between two checks if they are necessary. */
    long shortestNanos() {
        return timeout.isZero() ? Long.MAX_VALUE : timeout.toNanos() / 2;
    }

    /** Checks the peer. Returns whether one with a closed window has stopped answering as well. */
    boolean check() {
        Optional<TcpState> state = watching ? connection.tcpState() : Optional.empty();
        if (state.isEmpty()) {
            watching = false;
            return false;
        }
        TcpState now = state.get();
        boolean closed = now.isWindowClosed();
        if (closed != lifted) {
            lifted = closed;
            connection.userTimeout(closed ? Duration.ZERO : timeout);
        }
        watching = closed || now.unacknowledged() > 0;
        return closed && now.sinceAcknowledgement().compareTo(timeout.plus(PROBES_AT_LEAST_EACH)) >= 0;
    }
}

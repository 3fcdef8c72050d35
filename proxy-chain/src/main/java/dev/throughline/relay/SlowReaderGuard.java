package dev.throughline.relay;

import io.netty.channel.Channel;
import io.netty.channel.epoll.EpollTcpInfo;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Keeps TCP_USER_TIMEOUT from ending a connection whose peer is alive and doesn't read. Linux applies it to a closed window too,
 * though the peer acknowledges every probe of it (tcp_probe_timer, net/ipv4/tcp_timer.c): a paused download would be cut. So twice a
 * timeout, while there is something to send, it is lifted if the window is closed, and set again when it is open.
 */
final class SlowReaderGuard {
    /** TCP_RTO_MAX (net/tcp.h): the longest time between two probes of a closed window. */
    private static final Duration PROBES_AT_LEAST_EACH = Duration.ofMinutes(2);

    private final Channel channel;
    private final Duration timeout;
    private final Runnable lost;
    private boolean lifted;
    private @Nullable Future<?> check;

    /**
     * Guards {@code channel}.
     *
     * @param timeout its user timeout; zero for none
     * @param lost is called when a peer that had closed its window has stopped answering as well
     */
    SlowReaderGuard(Channel channel, Duration timeout, Runnable lost) {
        this.channel = channel;
        this.timeout = timeout;
        this.lost = lost;
    }

    /** Bytes are on their way to the peer. */
    void written() {
        if (check == null && !timeout.isZero()) {
            check = channel.eventLoop().schedule(this::check, timeout.toNanos() / 2, TimeUnit.NANOSECONDS);
        }
    }

    private void check() {
        check = null;
        Optional<EpollTcpInfo> asked = TcpState.of(channel);
        if (asked.isEmpty()) {
            return;
        }
        EpollTcpInfo info = asked.get();
        boolean closed = TcpState.isWindowClosed(info);
        if (closed != lifted) {
            lifted = closed;
            StreamOptions.userTimeout(channel, closed ? Duration.ZERO : timeout);
        }
        if (closed && info.lastAckRecv() >= timeout.plus(PROBES_AT_LEAST_EACH).toMillis()) {
            lost.run();
        } else if (closed || info.unacked() > 0) {
            written();
        }
    }

    void stop() {
        if (check != null) {
            check.cancel(false);
        }
    }
}

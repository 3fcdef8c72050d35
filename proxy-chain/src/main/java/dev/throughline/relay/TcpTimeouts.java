package dev.throughline.relay;

import java.time.Duration;

/**
 * The times after which a TCP connection whose other end has vanished is given up (tcp(7)).
 *
 * @param keepaliveTime how long a connection is idle before its first probe (TCP_KEEPIDLE), in whole seconds; zero for no probes
 * @param keepaliveInterval between two probes (TCP_KEEPINTVL), in whole seconds
 * @param keepaliveProbes how many probes may stay unanswered (TCP_KEEPCNT). The kernel ignores it when there is a user timeout
 * @param userTimeout how long sent bytes or probes may stay unacknowledged (TCP_USER_TIMEOUT); zero for the kernel's own rule,
 *     about 15 minutes (tcp_retries2)
 */
public record TcpTimeouts(
        Duration keepaliveTime, Duration keepaliveInterval, int keepaliveProbes, Duration userTimeout) {

    /**
     * The first probe comes before conntrack forgets a half-closed connection (nf_conntrack_tcp_timeout_close_wait, 60 s) and long
     * before a load balancer forgets an idle one (350 s). A peer that vanished is given up after two minutes.
     */
    public static final TcpTimeouts DEFAULTS =
            new TcpTimeouts(Duration.ofSeconds(30), Duration.ofSeconds(15), 6, Duration.ofMinutes(2));

    /** The kernel's own times, without keepalive. */
    public static final TcpTimeouts NONE = new TcpTimeouts(Duration.ZERO, Duration.ofSeconds(15), 6, Duration.ZERO);
}

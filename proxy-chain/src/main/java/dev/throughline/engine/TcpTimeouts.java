package dev.throughline.engine;

import java.time.Duration;

/**
 * The times after which the kernel gives up a TCP connection whose peer has vanished (tcp(7)).
 *
 * @param keepaliveTime idle time before the first probe (TCP_KEEPIDLE), in whole seconds; zero for no probes
 * @param keepaliveInterval time between two probes (TCP_KEEPINTVL), in whole seconds
 * @param keepaliveProbes maximum number of unanswered probes (TCP_KEEPCNT); ignored by the kernel with a user timeout
 * @param userTimeout maximum time without acknowledgement of bytes or probes (TCP_USER_TIMEOUT); zero for the kernel's default,
 *     about 15 minutes (tcp_retries2)
 */
public record TcpTimeouts(
        Duration keepaliveTime, Duration keepaliveInterval, int keepaliveProbes, Duration userTimeout) {

    /**
     * The first probe comes before conntrack forgets a half-closed connection (nf_conntrack_tcp_timeout_close_wait, 60 s) and
     * long before a load balancer forgets an idle one (350 s). A peer that vanished is given up after two minutes.
     */
    public static final TcpTimeouts DEFAULTS =
            new TcpTimeouts(Duration.ofSeconds(30), Duration.ofSeconds(15), 6, Duration.ofMinutes(2));

    /** The kernel's defaults, without keepalive. */
    public static final TcpTimeouts NONE = new TcpTimeouts(Duration.ZERO, Duration.ofSeconds(15), 6, Duration.ZERO);
}

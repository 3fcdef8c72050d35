package dev.throughline.engine;

import java.time.Duration;

/**
 * The kernel's state of a TCP connection (TCP_INFO, struct tcp_info in linux/tcp.h).
 *
 * @param isClosed whether it has ended, normally or not: nothing more is sent, received or acknowledged (TCP_CLOSE)
 * @param unacknowledged segments that were sent and not acknowledged
 * @param backoff how often the retransmission or probe timer was doubled
 * @param sinceDataSent time since data was last sent
 * @param sinceAcknowledgement time since the peer's last acknowledgement
 */
public record TcpState(
        boolean isClosed, long unacknowledged, int backoff, Duration sinceDataSent, Duration sinceAcknowledgement) {
    /**
     * Returns whether the peer accepts no data at the moment: it has acknowledged everything and closed its window, and the kernel
     * probes it (RFC 9293, section 3.8.6.1).
     */
    public boolean isWindowClosed() {
        return unacknowledged == 0 && backoff > 0;
    }
}

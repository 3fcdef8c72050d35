package dev.throughline.relay;

import dev.throughline.engine.TcpTimeouts;
import java.time.Duration;

/**
 * The time limits of a relay.
 *
 * @param idle time without a byte in either direction
 * @param halfClosed time without a byte in either direction after one side has ended its output
 * @param inbound timeouts of the side that opened the flow, which its socket has already
 * @param outbound timeouts of the other side, which the relay sets
 */
public record RelayTimeouts(Duration idle, Duration halfClosed, TcpTimeouts inbound, TcpTimeouts outbound) {}

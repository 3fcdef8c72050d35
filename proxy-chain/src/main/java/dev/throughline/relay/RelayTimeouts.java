package dev.throughline.relay;

import java.time.Duration;

/**
 * The time limits of a relay.
 *
 * @param idle time without a byte in either direction
 * @param halfClosed time without a byte in either direction after one side has ended its output
 * @param inboundUser user timeout of the side that opened the flow ({@link TcpTimeouts#userTimeout})
 * @param outboundUser user timeout of the other side
 */
public record RelayTimeouts(Duration idle, Duration halfClosed, Duration inboundUser, Duration outboundUser) {}

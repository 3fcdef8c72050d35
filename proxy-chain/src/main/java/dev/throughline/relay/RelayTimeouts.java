package dev.throughline.relay;

import java.time.Duration;

/**
 * What bounds the time of a relay.
 *
 * @param idle without a byte either way
 * @param halfClosed without a byte either way, once a side has ended its output
 * @param inboundUser the user timeout of the side that opened the flow ({@link TcpTimeouts#userTimeout})
 * @param outboundUser that of the other side
 */
public record RelayTimeouts(Duration idle, Duration halfClosed, Duration inboundUser, Duration outboundUser) {}

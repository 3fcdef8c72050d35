package dev.throughline.flow;

import com.google.common.collect.ImmutableList;
import dev.throughline.relay.TcpTimeouts;

/**
 * A way on.
 *
 * @param next where it leads
 * @param over the names of the transports that a flow may take there, the one to be tried first ahead
 * @param tcp when the other end of a connection there is given up
 */
public record Route(NextHop next, ImmutableList<String> over, TcpTimeouts tcp) {}

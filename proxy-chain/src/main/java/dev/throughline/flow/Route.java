package dev.throughline.flow;

import com.google.common.collect.ImmutableList;

/**
 * A way on.
 *
 * @param next where it leads
 * @param over the names of the transports that a flow may take there, the one to be tried first ahead
 */
public record Route(NextHop next, ImmutableList<String> over) {}

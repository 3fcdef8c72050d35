package dev.throughline.chain;

import dev.throughline.header.Cidr;
import dev.throughline.originator.HopId;

/**
 * An allowance for address translation between two hops: links of {@code from} that reach {@code to} may come from any
 * address in {@code egress} instead of the one that they left by. Explicit, because with it a captured header is bound to a
 * network instead of a connection.
 *
 * @param from the hop that signs
 * @param to the hop that receives
 * @param egress the network by which the connections of {@code from} are seen
 */
public record NatException(HopId from, HopId to, Cidr egress) {}

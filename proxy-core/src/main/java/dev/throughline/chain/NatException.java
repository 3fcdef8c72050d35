package dev.throughline.chain;

import dev.throughline.header.Cidr;
import dev.throughline.originator.HopId;

/**
 * An allowance for address translation between two hops: links of {@code from} that reach {@code to} may come from any address
 * in {@code egress} instead of the signed one. It must be configured, because it binds a captured header only to a network
 * instead of a connection.
 *
 * @param from the hop that signs the link
 * @param to the hop that receives it
 * @param egress the network from which connections of {@code from} arrive
 */
public record NatException(HopId from, HopId to, Cidr egress) {}

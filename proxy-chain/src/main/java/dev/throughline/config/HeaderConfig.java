package dev.throughline.config;

import com.google.common.collect.ImmutableList;
import dev.throughline.chain.ChainTlv;
import dev.throughline.chain.NatException;
import dev.throughline.header.Cidr;

/**
 * The settings for reading and verifying received headers.
 *
 * @param chainTlv the PROXY TLV that carries chains
 * @param natExceptions pairs of hops with address translation between them
 * @param healthCheckers networks of load balancers that may send a LOCAL header to check whether a listener answers
 */
public record HeaderConfig(
        ChainTlv chainTlv, ImmutableList<NatException> natExceptions, ImmutableList<Cidr> healthCheckers) {}

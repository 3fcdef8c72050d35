package dev.throughline.flow;

import com.google.common.collect.ImmutableList;
import dev.throughline.chain.ChainTlv;
import dev.throughline.engine.TcpTimeouts;
import dev.throughline.header.Cidr;
import dev.throughline.header.HeaderLimits;
import dev.throughline.originator.HostId;
import java.time.Duration;

/**
 * Settings of all flows of a hop. They do not change while it runs.
 *
 * @param host the host that this hop runs on
 * @param chainTlv the PROXY TLV that carries chains
 * @param headerLimits size limits of headers, received and sent
 * @param healthCheckers networks of load balancers that may send a LOCAL header, or close without a byte
 * @param headerTimeout time for a peer to send its complete header
 * @param idleTimeout time without a byte in either direction
 * @param halfClosedTimeout time without a byte in either direction after one side has finished
 * @param tcp keep-alive and user timeout of accepted connections
 * @param portsKept how long the kernel keeps the port of a connection that this hop finished first (TIME_WAIT)
 * @param linkTtl how long a link that this hop signs is valid
 */
public record FlowSettings(
        HostId host,
        ChainTlv chainTlv,
        HeaderLimits headerLimits,
        ImmutableList<Cidr> healthCheckers,
        Duration headerTimeout,
        Duration idleTimeout,
        Duration halfClosedTimeout,
        TcpTimeouts tcp,
        Duration portsKept,
        Duration linkTtl) {}

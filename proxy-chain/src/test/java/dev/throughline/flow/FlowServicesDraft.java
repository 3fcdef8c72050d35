package dev.throughline.flow;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.Maps;
import dev.throughline.chain.ChainTlv;
import dev.throughline.engine.TcpTimeouts;
import dev.throughline.engine.epoll.EpollEngine;
import dev.throughline.header.Cidr;
import dev.throughline.header.HeaderLimits;
import dev.throughline.identify.OwnerResolver;
import dev.throughline.originator.HostId;
import dev.throughline.policy.Policy;
import dev.throughline.relay.BufferMemory;
import dev.throughline.transport.BsdSocket;
import dev.throughline.transport.Transport;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;

/** The services of a test's flows, which the test may change before a flow starts. */
final class FlowServicesDraft {
    static final ImmutableList<String> PLAIN = ImmutableList.of(BsdSocket.NAME);

    HostId host = HostId.of("edge-1");
    HeaderLimits headerLimits = HeaderLimits.NORMAL;
    HalfOpenHeaders halfOpenHeaders = new HalfOpenHeaders(1, 10, 10, System::nanoTime);
    HeaderFailures headerFailures = new HeaderFailures(10, Duration.ofMinutes(1), 10, System::nanoTime);
    ImmutableList<Cidr> healthCheckers = ImmutableList.of();
    Supplier<RoutingTable> routing = () -> allTo(new Route(new NextHop.Destination(), PLAIN, TcpTimeouts.DEFAULTS));
    FlowTable table = new FlowTable(10);
    FairQueue acceptedConnections = new FairQueue(10);
    FairQueue newFlows = new FairQueue(10);
    Duration headerTimeout = Duration.ofSeconds(5);
    Duration halfClosedTimeout = Duration.ofMinutes(5);
    FlowBudget budget;
    FlowEvents events;
    List<Transport> transports = List.of(new BsdSocket(new EpollEngine(), 0, Duration.ofSeconds(5)));

    OwnerResolver identifier;
    BatchSigner batchSigner = new BatchSigner(Duration.ofMillis(1));

    private final Supplier<KeyContext> authority;

    FlowServicesDraft(OwnerResolver identifier, Supplier<KeyContext> authority, FlowBudget budget, FlowEvents events) {
        this.identifier = identifier;
        this.authority = authority;
        this.budget = budget;
        this.events = events;
    }

    /** Routes all flows to this next hop, over plain sockets. */
    void next(NextHop next) {
        routing(allTo(new Route(next, PLAIN, TcpTimeouts.DEFAULTS)));
    }

    void routing(RoutingTable all) {
        routing = () -> all;
    }

    /** Routes all flows by this route. */
    static RoutingTable allTo(Route route) {
        return new RoutingTable(Policy.NONE, route, ImmutableMap.of(), ImmutableMap.of());
    }

    FlowServices services() {
        FlowSettings settings = new FlowSettings(
                host,
                ChainTlv.STANDARD,
                headerLimits,
                healthCheckers,
                headerTimeout,
                Duration.ofHours(1),
                halfClosedTimeout,
                TcpTimeouts.DEFAULTS,
                Duration.ofMinutes(1),
                Duration.ofSeconds(10));
        return new FlowServices(
                settings,
                identifier,
                authority,
                routing,
                halfOpenHeaders,
                headerFailures,
                acceptedConnections,
                newFlows,
                budget,
                ImmutableMap.copyOf(Maps.uniqueIndex(transports, Transport::name)),
                batchSigner,
                table,
                events,
                new BufferMemory(Long.MAX_VALUE),
                Clock.systemUTC(),
                new FlowIds(new SecureRandom()));
    }
}

package dev.throughline.transport;

import com.google.common.net.InetAddresses;
import dev.throughline.bridge.BridgeRequest;
import dev.throughline.header.Tuple;
import io.netty.channel.EventLoop;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;

/** A transport whose connections an agent of this host opens with Network.framework. */
public final class AgentTransport implements Transport {
    /** The source address of every request: the agent's system chooses the real one. */
    private static final InetAddress ANY_IPV4 = InetAddresses.forString("0.0.0.0");

    private static final InetAddress ANY_IPV6 = InetAddresses.forString("::");

    private final String name;
    private final AgentClient agent;
    private final Duration startTimeout;
    private final boolean headerOptional;

    /**
     * Creates a transport.
     *
     * @param name in configuration and metrics
     * @param agent opens the connections; the caller closes it
     * @param startTimeout after which an attempt fails
     * @param headerOptional as {@link #isHeaderOptional}
     */
    public AgentTransport(String name, AgentClient agent, Duration startTimeout, boolean headerOptional) {
        this.name = name;
        this.agent = agent;
        this.startTimeout = startTimeout;
        this.headerOptional = headerOptional;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public boolean carriesOriginator() {
        return true;
    }

    @Override
    public boolean isHeaderOptional() {
        return headerOptional;
    }

    @Override
    public boolean mayStall() {
        return true;
    }

    @Override
    public Optional<String> trouble() {
        return agent.gone().map(ConnectFailedException::text);
    }

    @Override
    public ConnectAttempt start(EventLoop loop, ConnectRequest request, ConnectResult result) {
        InetSocketAddress destination = request.destination();
        InetAddress anyAddress = destination.getAddress() instanceof Inet6Address ? ANY_IPV6 : ANY_IPV4;
        BridgeRequest.Open open =
                new BridgeRequest.Open(Tuple.tcp(new InetSocketAddress(anyAddress, 0), destination), request.handle());
        return agent.open(loop, open, startTimeout, result);
    }
}

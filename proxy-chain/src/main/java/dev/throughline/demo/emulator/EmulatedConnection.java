package dev.throughline.demo.emulator;

import dev.throughline.bridge.BridgeAnswer;
import dev.throughline.bridge.BridgeRequest;
import dev.throughline.demo.emulator.NetworkFrameworkEmulator.Start;
import dev.throughline.engine.ConnectListener;
import dev.throughline.engine.ConnectOptions;
import dev.throughline.engine.Connection;
import dev.throughline.engine.ConnectionEvents;
import dev.throughline.engine.Engine;
import dev.throughline.engine.LoopBuffer;
import dev.throughline.engine.TcpTimeouts;
import dev.throughline.relay.BufferMemory;
import dev.throughline.relay.Relay;
import dev.throughline.relay.RelayTimeouts;
import io.netty.channel.ConnectTimeoutException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** A connection that a hop requested of the agent, from its start to its end. */
final class EmulatedConnection implements ConnectionEvents, ConnectListener {
    private static final RelayTimeouts NO_TIMEOUTS =
            new RelayTimeouts(Duration.ofDays(1), Duration.ofDays(1), TcpTimeouts.NONE, TcpTimeouts.NONE);
    private static final ConnectOptions CONNECT = new ConnectOptions(0, Duration.ofSeconds(30));

    private final Engine engine;
    private final Connection hop;
    private final BridgeRequest.Open asked;
    private final EmulatedSystem system;
    private final Set<Connection> connections;
    private Optional<EmulatedSystem.Slot> slot = Optional.empty();
    private Optional<Connection> onwards = Optional.empty();
    private boolean over;

    EmulatedConnection(
            Engine engine,
            Connection hop,
            BridgeRequest.Open asked,
            EmulatedSystem system,
            Set<Connection> connections) {
        this.engine = engine;
        this.hop = hop;
        this.asked = asked;
        this.system = system;
        this.connections = connections;
    }

    void start(Start how) {
        if (asked.handle().isPresent() && !system.knows(asked.handle().get())) {
            Answers.fail(hop, "unknown-handle");
            return;
        }
        EmulatedSystem.Slot taken = system.take();
        slot = Optional.of(taken);
        hop.events(this);
        if (taken.waits()) {
            Answers.send(hop, new BridgeAnswer.AgentNotice.Waiting("no-memory"));
            readable();
            return;
        }
        switch (how) {
            case Start.AtOnce atOnce -> connect();
            case Start.After(Duration delay) ->
                hop.loop().schedule(this::connect, delay.toMillis(), TimeUnit.MILLISECONDS);
            case Start.Failing(String reason) -> fail(reason);
        }
        readable();
    }

    private void connect() {
        if (over) {
            return;
        }
        try {
            Connection opening = engine.connect(hop.loop(), asked.flow().destination(), CONNECT, this);
            onwards = Optional.of(opening);
            NetworkFrameworkEmulator.add(connections, opening);
            // In the same task as the connect: metadata() runs later, whenever the destination asks.
            opening.localAddress()
                    .map(InetSocketAddress::getPort)
                    .ifPresent(port -> system.opens(port, asked.handle()));
        } catch (IOException e) {
            fail(reason(e));
        }
    }

    @Override
    public void failed(Exception cause) {
        fail(reason(cause));
    }

    private static String reason(Throwable cause) {
        return switch (cause) {
            case ConnectTimeoutException timeout -> "connect-timeout";
            case NoRouteToHostException unreachable -> "connect-unreachable";
            case ConnectException refused -> "connect-refused";
            default -> "connect-failed";
        };
    }

    @Override
    public void connected(Connection connection) {
        if (over) {
            return;
        }
        over = true;
        if (system.carries(asked.handle())) {
            Answers.send(hop, new BridgeAnswer.AgentNotice.Carried());
        }
        connection
                .openedAddresses()
                .ifPresent(addresses -> Answers.send(hop, new BridgeAnswer.AgentNotice.Addresses(addresses)));
        Answers.send(hop, new BridgeAnswer.Connected());
        new Relay(
                        hop,
                        connection,
                        NO_TIMEOUTS,
                        new BufferMemory(Long.MAX_VALUE),
                        ended -> slot.orElseThrow().release())
                .start();
    }

    /** No byte may come before the answer; the end of the input means that the hop gave up. */
    @Override
    public void readable() {
        if (over) {
            return;
        }
        try {
            int read = hop.read(LoopBuffer.empty());
            if (read != 0) {
                fail(read < 0 ? "cancelled" : "request-malformed");
            }
        } catch (IOException e) {
            fail("cancelled");
        }
    }

    @Override
    public void lost(IOException how) {
        fail("cancelled");
    }

    /** Releases the slot before the hop gets the answer and sees the end. */
    private void fail(String reason) {
        if (over) {
            return;
        }
        over = true;
        onwards.ifPresent(Connection::close);
        slot.orElseThrow().release();
        Answers.fail(hop, reason);
    }
}

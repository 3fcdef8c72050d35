package dev.throughline.demo.emulator;

import dev.throughline.bridge.BridgeAnswer;
import dev.throughline.bridge.BridgeRequest;
import dev.throughline.demo.emulator.NetworkFrameworkEmulator.Start;
import dev.throughline.header.Tuple;
import dev.throughline.relay.BufferMemory;
import dev.throughline.relay.InboundBuffer;
import dev.throughline.relay.Relay;
import dev.throughline.relay.RelayTimeouts;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.unix.Socket;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** A connection that a hop requested of the agent, from its start to its end. */
final class EmulatedConnection extends ChannelInboundHandlerAdapter {
    private static final Duration NO_IDLE_TIMEOUT = Duration.ofDays(1);

    private final EpollDomainSocketChannel hop;
    private final BridgeRequest.Open asked;
    private final EmulatedSystem system;
    private final ChannelGroup connections;
    private Optional<EmulatedSystem.Slot> slot = Optional.empty();
    private Optional<Channel> onwards = Optional.empty();
    private boolean over;

    EmulatedConnection(
            EpollDomainSocketChannel hop, BridgeRequest.Open asked, EmulatedSystem system, ChannelGroup connections) {
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
        hop.pipeline().addLast(this);
        // No bytes are expected, only the end of the input, by which the hop gives up.
        hop.read();
        if (taken.waits()) {
            Answers.send(hop, new BridgeAnswer.AgentNotice.Waiting("no-memory"));
            return;
        }
        switch (how) {
            case Start.AtOnce atOnce -> connect();
            case Start.After(Duration delay) ->
                hop.eventLoop().schedule(this::connect, delay.toMillis(), TimeUnit.MILLISECONDS);
            case Start.Failing(String reason) -> fail(reason);
        }
    }

    private void connect() {
        if (over) {
            return;
        }
        Channel channel = new Bootstrap()
                .group(hop.eventLoop())
                .channel(EpollSocketChannel.class)
                .option(ChannelOption.AUTO_READ, false)
                .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .option(ChannelOption.TCP_NODELAY, true)
                .handler(new InboundBuffer())
                .register()
                .channel();
        onwards = Optional.of(channel);
        connections.add(channel);
        // The port and the flow behind it are known before the destination can see the connection.
        channel.bind(new InetSocketAddress(0)).addListener(bound -> {
            if (!bound.isSuccess()) {
                fail(reason(bound.cause()));
                return;
            }
            // From the socket: the channel would cache this answer, which doesn't have the address yet.
            Socket socket = (Socket) ((EpollSocketChannel) channel).fd();
            system.opens(socket.localAddress().getPort(), asked.handle());
            channel.connect(asked.flow().destination()).addListener(connected -> {
                if (connected.isSuccess()) {
                    connected((SocketChannel) channel);
                } else {
                    fail(reason(connected.cause()));
                }
            });
        });
    }

    private static String reason(Throwable cause) {
        return switch (cause) {
            case ConnectTimeoutException timeout -> "connect-timeout";
            case NoRouteToHostException unreachable -> "connect-unreachable";
            case ConnectException refused -> "connect-refused";
            default -> "connect-failed";
        };
    }

    private void connected(SocketChannel channel) {
        if (over) {
            return;
        }
        over = true;
        if (system.carries(asked.handle())) {
            Answers.send(hop, new BridgeAnswer.AgentNotice.Carried());
        }
        Answers.send(
                hop,
                new BridgeAnswer.AgentNotice.Addresses(Tuple.tcp(channel.localAddress(), channel.remoteAddress())));
        Answers.send(hop, new BridgeAnswer.Connected());
        hop.pipeline().remove(this);
        Relay relay = new Relay(
                hop,
                channel,
                new RelayTimeouts(NO_IDLE_TIMEOUT, NO_IDLE_TIMEOUT, Duration.ZERO, Duration.ZERO),
                new BufferMemory(Long.MAX_VALUE));
        hop.pipeline().addFirst(new HangUp(hop, relay::abort));
        relay.start().thenRun(() -> slot.orElseThrow().release());
    }

    /** The input ended: the hop gave up. No byte may come before that. */
    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        fail("cancelled");
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ReferenceCountUtil.release(message);
        fail("request-malformed");
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        fail("cancelled");
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        fail("cancelled");
    }

    /** Releases the slot before the hop gets the answer and sees the end. */
    private void fail(String reason) {
        if (over) {
            return;
        }
        over = true;
        onwards.ifPresent(Channel::close);
        slot.orElseThrow().release();
        Answers.fail(hop, reason);
    }

    /**
     * A detector of a hop that has closed its socket to abandon a flow, as opposed to one that has only shut down its output. A
     * write to a closed socket fails; after the end of the input, the check is repeated.
     */
    private static final class HangUp extends ChannelInboundHandlerAdapter {
        private static final int AGAIN_MILLIS = 20;

        private final EpollDomainSocketChannel hop;
        private final Runnable hungUp;

        HangUp(EpollDomainSocketChannel hop, Runnable hungUp) {
            this.hop = hop;
            this.hungUp = hungUp;
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            check();
            context.fireUserEventTriggered(event);
        }

        private void check() {
            if (!hop.isOpen() || hop.isOutputShutdown()) {
                return;
            }
            try {
                hop.fd().write(Unpooled.EMPTY_BUFFER.nioBuffer(), 0, 0);
                hop.eventLoop().schedule(this::check, AGAIN_MILLIS, TimeUnit.MILLISECONDS);
            } catch (IOException e) {
                hungUp.run();
            }
        }
    }
}

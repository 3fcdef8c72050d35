package dev.throughline.tests.emulator;

import dev.throughline.bridge.BridgeAnswer;
import dev.throughline.bridge.BridgeRequest;
import dev.throughline.header.Tuple;
import dev.throughline.relay.BufferMemory;
import dev.throughline.relay.InboundBuffer;
import dev.throughline.relay.Relay;
import dev.throughline.relay.RelayTimeouts;
import dev.throughline.tests.emulator.NetworkFrameworkEmulator.Start;
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

/** One connection that the agent was asked for: started, perhaps waiting, connected, relayed, let go. */
final class EmulatedConnection extends ChannelInboundHandlerAdapter {
    private static final Duration NO_IDLE_TIMEOUT = Duration.ofDays(1);

    private final EpollDomainSocketChannel hop;
    private final BridgeRequest.Open asked;
    private final EmulatedSystem system;
    private final ChannelGroup connections;
    private Optional<EmulatedSystem.Place> place = Optional.empty();
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
        EmulatedSystem.Place taken = system.take();
        place = Optional.of(taken);
        hop.pipeline().addLast(this);
        // Not for bytes, but for the end by which the hop gives up.
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
        // Its port is known, and its own, before the destination sees it; so is whose it is.
        channel.bind(new InetSocketAddress(0)).addListener(bound -> {
            if (!bound.isSuccess()) {
                fail(reason(bound.cause()));
                return;
            }
            // Asked of the socket: the channel would keep this answer, which doesn't have its address yet.
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
        relay.start().thenRun(() -> place.orElseThrow().release());
    }

    /** The end by which the hop gives up; no byte may come before it. */
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

    /** The system releases the connection first; then the hop gets the limits and sees the end. */
    private void fail(String reason) {
        if (over) {
            return;
        }
        over = true;
        onwards.ifPresent(Channel::close);
        place.orElseThrow().release();
        Answers.fail(hop, reason);
    }

    /**
     * Tells a hop that has closed, which is how it gives a flow up, from one that has shut down its side: the one can't be
     * written to any more. Netty doesn't tell of POLLHUP; so this asks when the input ends, and again and again after it.
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
            look();
            context.fireUserEventTriggered(event);
        }

        private void look() {
            if (!hop.isOpen() || hop.isOutputShutdown()) {
                return;
            }
            try {
                hop.fd().write(Unpooled.EMPTY_BUFFER.nioBuffer(), 0, 0);
                hop.eventLoop().schedule(this::look, AGAIN_MILLIS, TimeUnit.MILLISECONDS);
            } catch (IOException e) {
                hungUp.run();
            }
        }
    }
}

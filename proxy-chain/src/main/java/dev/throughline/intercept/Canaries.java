package dev.throughline.intercept;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.channel.unix.IntegerUnixChannelOption;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Test connections that the hop opens through its own rules, to check that they arrive at its own listener. They carry
 * no payload and have a hop limit of 1, so that one that the rules miss ends at the first router. The listener
 * recognises a canary and closes it before it becomes a flow.
 */
public final class Canaries {
    /** The result of a canary. */
    sealed interface Result {
        record Arrived() implements Result {}

        /**
         * The canary couldn't be sent, because the host has no route to its destination. The result says nothing about
         * the rules.
         */
        record NotSent() implements Result {}

        record Lost(String reason) implements Result {}
    }

    private static final IntegerUnixChannelOption IP_TTL = new IntegerUnixChannelOption("IP_TTL", 0, 2);
    private static final IntegerUnixChannelOption IPV6_UNICAST_HOPS =
            new IntegerUnixChannelOption("IPV6_UNICAST_HOPS", 41, 16);
    private static final IntegerUnixChannelOption SO_MARK = new IntegerUnixChannelOption("SO_MARK", 1, 36);

    /** Canaries by source port, which is known before the first packet leaves, unlike the source address. */
    private final Map<Integer, InFlight> inFlight = new ConcurrentHashMap<>();

    private final AtomicLong arrivals = new AtomicLong();

    /** Returns the number of canaries that arrived at the right listener. */
    long arrivals() {
        return arrivals.get();
    }

    /** Returns whether a connection that {@code listener} accepted is a canary, and completes that canary. */
    boolean arrived(String listener, InetSocketAddress local, InetSocketAddress peer) {
        InFlight canary = inFlight.get(peer.getPort());
        if (canary == null || !isToward(local, canary.plan())) {
            return false;
        }
        boolean right = listener.equals(canary.plan().listener());
        if (right) {
            arrivals.incrementAndGet();
        }
        canary.result().complete(right ? new Result.Arrived() : new Result.Lost("it arrived at listener " + listener));
        return true;
    }

    /**
     * The local address of a redirected connection is the listener's; that of a diverted one is the original
     * destination.
     */
    private static boolean isToward(InetSocketAddress local, CanaryPlan plan) {
        return local.equals(plan.destination()) || local.getAddress().isLoopbackAddress();
    }

    /** Sends a canary and waits for its arrival, for at most {@code patience}. */
    Result send(CanaryPlan plan, EventLoopGroup loops, Duration patience) throws InterruptedException {
        boolean ipv6 = plan.destination().getAddress() instanceof Inet6Address;
        CompletableFuture<Result> result = new CompletableFuture<>();
        Channel channel = new Bootstrap()
                .group(loops)
                .channelFactory(
                        () -> new EpollSocketChannel(ipv6 ? SocketProtocolFamily.INET6 : SocketProtocolFamily.INET))
                .option(ChannelOption.SO_LINGER, 0)
                .option(ipv6 ? IPV6_UNICAST_HOPS : IP_TTL, 1)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) patience.toMillis())
                .handler(new ChannelInboundHandlerAdapter())
                .register()
                .awaitUninterruptibly()
                .channel();
        int port = 0;
        try {
            if (plan.mark() != 0) {
                channel.config().setOption(SO_MARK, plan.mark());
            }
            var bound = channel.bind(new InetSocketAddress(any(ipv6), 0)).awaitUninterruptibly();
            if (!bound.isSuccess()) {
                return new Result.NotSent();
            }
            port = ((InetSocketAddress) channel.localAddress()).getPort();
            inFlight.put(port, new InFlight(plan, result));
            channel.connect(plan.destination()).addListener(connected -> {
                if (!connected.isSuccess()) {
                    result.complete(failed(connected.cause()));
                }
            });
            return result.get(patience.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            return new Result.Lost("it did not arrive within %d ms".formatted(patience.toMillis()));
        } catch (java.util.concurrent.ExecutionException e) {
            return new Result.NotSent();
        } finally {
            inFlight.remove(port);
            channel.close();
        }
    }

    /** The route was looked up before, so the failure isn't a missing route. */
    private static Result failed(Throwable cause) {
        String words = String.valueOf(cause.getMessage());
        return words.contains("assign requested address")
                ? new Result.NotSent()
                : new Result.Lost("connect failed: " + words);
    }

    private static InetAddress any(boolean ipv6) {
        try {
            return InetAddress.getByAddress(new byte[ipv6 ? 16 : 4]);
        } catch (UnknownHostException e) {
            throw new AssertionError(e);
        }
    }

    private record InFlight(CanaryPlan plan, CompletableFuture<Result> result) {}
}

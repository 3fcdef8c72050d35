package dev.throughline.intercept;

import dev.throughline.budget.Claimant;
import dev.throughline.flow.Arrival;
import dev.throughline.flow.FlowParts;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.DuplexChannel;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Takes connections out of the kernel's queue, which is served in the order in which they came, and begins their flows by
 * users in turns. A handler of the listening channel, on a thread that does nothing else: while the event loops work for
 * one user, connections of others don't wait behind a queue that this user has filled.
 */
final class AcceptInTurns extends ChannelInboundHandlerAdapter {
    private static final int PAUSE_MILLIS = 1;

    private final EventLoopGroup loops;
    private final FlowParts parts;
    private final Arrival.Origin arrivals;
    private final CanaryCheck canaries;
    private final Consumer<DuplexChannel> prepare;

    /** Whether a connection is one that the hop itself made to see that it is intercepted. */
    interface CanaryCheck {
        boolean arrived(InetSocketAddress local, InetSocketAddress peer);
    }

    /**
     * Connections that come as {@code arrivals} says.
     *
     * @param loops that flows run on
     * @param prepare prepares a connection for its flow, which begins when it is registered with its event loop
     */
    AcceptInTurns(
            EventLoopGroup loops,
            FlowParts parts,
            Arrival.Origin arrivals,
            CanaryCheck canaries,
            Consumer<DuplexChannel> prepare) {
        this.loops = loops;
        this.parts = parts;
        this.arrivals = arrivals;
        this.canaries = canaries;
        this.prepare = prepare;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object accepted) {
        DuplexChannel connection = (DuplexChannel) accepted;
        if (connection.localAddress() instanceof InetSocketAddress local
                && connection.remoteAddress() instanceof InetSocketAddress peer
                && canaries.arrived(local, peer)) {
            connection.unsafe().closeForcibly();
            return;
        }
        Claimant who = parts.user(arrivals.hint(connection));
        if (parts.accepted().isAlone(who, System.nanoTime()) && parts.accepted().isFull()) {
            // Nobody else waits: its connections are better off in the kernel's queue than reset.
            context.channel().config().setAutoRead(false);
            awaitRoom(context, connection, who);
        } else {
            begin(connection, who);
        }
    }

    private void awaitRoom(ChannelHandlerContext context, DuplexChannel connection, Claimant who) {
        boolean open = context.channel().isOpen();
        if (open && parts.accepted().isFull()) {
            context.executor().schedule(() -> awaitRoom(context, connection, who), PAUSE_MILLIS, TimeUnit.MILLISECONDS);
            return;
        }
        begin(connection, who);
        if (open) {
            context.channel().config().setAutoRead(true);
        }
    }

    private void begin(DuplexChannel connection, Claimant who) {
        EventLoop loop = loops.next();
        parts.accepted().turn(loop, who, () -> false).whenComplete((turn, refused) -> {
            if (refused == null) {
                prepare.accept(connection);
                loop.register(connection);
            } else {
                connection.unsafe().closeForcibly();
            }
        });
    }
}

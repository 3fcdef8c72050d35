package dev.throughline.intercept;

import dev.throughline.budget.Account;
import dev.throughline.flow.FairQueue;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.DuplexChannel;
import java.net.InetSocketAddress;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A handler of a listening channel that accepts connections from a kernel queue and starts their flows in fair order
 * among users. It runs on a dedicated thread, so that event loops that are busy for one user don't delay connections of
 * others.
 *
 * <p>While all connections of a queue are one user's, only a few wait here and the rest in the kernel, where they cost
 * nothing. As soon as another user's connection arrives in the queue, all are accepted at once, so that it doesn't wait
 * behind them.
 */
final class FairAcceptor extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(FairAcceptor.class);

    private final EventLoopGroup loops;
    private final FairQueue queue;
    private final int mostWaiting;
    private final FairQueue.Work work;
    private final Function<DuplexChannel, Account> users;
    private final CanaryCheck canaries;
    private final BiConsumer<DuplexChannel, Account> prepare;
    private final SoleUser soleUser = new SoleUser();
    /** Accepted connections of this queue that wait for their turn. */
    private final AtomicInteger waiting = new AtomicInteger();

    private volatile boolean paused;

    /** A predicate for canaries of this hop. */
    interface CanaryCheck {
        boolean arrived(InetSocketAddress local, InetSocketAddress peer);
    }

    /**
     * Creates an acceptor.
     *
     * @param loops event loops of flows
     * @param queue fair queue of the connections of all listeners
     * @param mostWaiting maximum number of connections that wait for their turn while all are one user's
     * @param work the work for which a connection waits
     * @param users returns the account for which a connection waits
     * @param prepare prepares a connection for its flow, which begins when it is registered with its event loop
     */
    FairAcceptor(
            EventLoopGroup loops,
            FairQueue queue,
            int mostWaiting,
            FairQueue.Work work,
            Function<DuplexChannel, Account> users,
            CanaryCheck canaries,
            BiConsumer<DuplexChannel, Account> prepare) {
        this.loops = loops;
        this.queue = queue;
        this.mostWaiting = mostWaiting;
        this.work = work;
        this.users = users;
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
        Account who = users.apply(connection);
        boolean all = waiting.incrementAndGet() >= mostWaiting;
        if (soleUser.is(who, System.nanoTime()) && all) {
            paused = true;
            context.channel().config().setAutoRead(false);
        }
        EventLoop loop = loops.next();
        queue.turn(loop, who, work, () -> false).whenComplete((turn, refused) -> {
            // First, because a queue whose count stays too high would never resume.
            waiting.decrementAndGet();
            try {
                if (refused == null) {
                    prepare.accept(connection, who);
                    loop.register(connection);
                } else {
                    connection.unsafe().closeForcibly();
                }
            } catch (RuntimeException e) {
                LOG.warn("failed to start a flow: {}", e.toString());
                connection.unsafe().closeForcibly();
            } finally {
                resumeIfFew(context);
            }
        });
        // All connections may have had their turn before the queue was paused.
        resumeIfFew(context);
    }

    private void resumeIfFew(ChannelHandlerContext context) {
        if (paused && waiting.get() <= mostWaiting / 2) {
            paused = false;
            context.executor().execute(() -> {
                if (context.channel().isOpen()) {
                    context.channel().config().setAutoRead(true);
                }
            });
        }
    }
}

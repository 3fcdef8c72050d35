package dev.throughline.admin;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.concurrent.TimeUnit;

/**
 * A handler of a listening channel that limits the number of accepted connections in each tenth of a second. Operators
 * and scrapers need few connections; without a limit, any client could use a whole CPU.
 */
final class PacedAccept extends ChannelInboundHandlerAdapter {
    static final int PERIOD_MILLIS = 100;

    private final int limit;
    private int accepted;
    private boolean counting;

    PacedAccept(int limit) {
        this.limit = limit;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object connection) {
        accepted++;
        if (!counting) {
            counting = true;
            context.executor().schedule(() -> nextPeriod(context), PERIOD_MILLIS, TimeUnit.MILLISECONDS);
        }
        if (accepted >= limit) {
            context.channel().config().setAutoRead(false);
        }
        context.fireChannelRead(connection);
    }

    private void nextPeriod(ChannelHandlerContext context) {
        boolean paused = accepted >= limit;
        accepted = 0;
        counting = false;
        if (paused && context.channel().isOpen()) {
            context.channel().config().setAutoRead(true);
        }
    }
}

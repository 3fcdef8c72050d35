package dev.throughline.admin;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.concurrent.TimeUnit;

/**
 * Limits the rate of accepted connections, per tenth of a second. A handler of the listening channel. Operators and
 * scrapers need few connections; without a limit, anyone who can connect could use a whole CPU.
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

package dev.throughline.admin;

import dev.throughline.flow.AcceptFailures;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.unix.Socket;
import io.netty.channel.unix.UnixChannel;
import java.io.IOException;
import java.util.concurrent.TimeUnit;

/** A handler of a listening channel for failures of accept(2): Netty alone stops accepting for a second, and logs nothing. */
final class AcceptFailureHandler extends ChannelInboundHandlerAdapter {
    private static final int LONGEST_ADDRESS_BYTES = 128;

    private final AcceptFailures failures;

    AcceptFailureHandler(AcceptFailures failures) {
        this.failures = failures;
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        Socket socket = (Socket) ((UnixChannel) context.channel()).fd();
        if (failures.needsPause(cause, () -> refuseOne(socket))) {
            context.channel().config().setAutoRead(false);
            context.executor().schedule(() -> resume(context), AcceptFailures.PAUSE_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    private static boolean refuseOne(Socket listener) throws IOException {
        int accepted = listener.accept(new byte[LONGEST_ADDRESS_BYTES]);
        if (accepted < 0) {
            return false;
        }
        Socket connection = new Socket(accepted);
        try {
            connection.setSoLinger(0);
        } finally {
            connection.close();
        }
        return true;
    }

    private static void resume(ChannelHandlerContext context) {
        if (context.channel().isOpen()) {
            context.channel().config().setAutoRead(true);
        }
    }
}

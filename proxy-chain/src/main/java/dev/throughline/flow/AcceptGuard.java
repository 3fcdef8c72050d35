package dev.throughline.flow;

import com.google.common.collect.ImmutableSet;
import dev.throughline.transport.SystemError;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.unix.Socket;
import io.netty.channel.unix.UnixChannel;
import java.util.concurrent.TimeUnit;

/**
 * What becomes of a listener whose accept(2) fails; a handler of its channels, which are on one event loop. Where no descriptor is left, waiting
 * connections are reset, since nobody could serve them. Netty by itself takes no connection for a second after any failure,
 * and says nothing.
 */
@ChannelHandler.Sharable
public final class AcceptGuard extends ChannelInboundHandlerAdapter {
    private static final int PAUSE_MILLIS = 100;
    private static final int MAX_REFUSED_AT_ONCE = 64;

    /** EPERM, EINTR, ENONET, EPROTO, ENOPROTOOPT, EOPNOTSUPP, ENETDOWN, ENETUNREACH, ECONNABORTED, EHOSTDOWN, EHOSTUNREACH. */
    private static final ImmutableSet<Integer> OF_ONE_CONNECTION =
            ImmutableSet.of(SystemError.EPERM, SystemError.EINTR, 64, 71, 92, 95, 100, 101, 103, 112, 113);

    private final String listener;
    private final HostShortages shortages;
    private final SpareDescriptor spare = new SpareDescriptor();

    /** A guard of {@code listener}, as the log calls it. */
    public AcceptGuard(String listener, HostShortages shortages) {
        this.listener = listener;
        this.shortages = shortages;
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        int errno = SystemError.of(cause).orElse(0);
        // What is pending on the connection itself (accept(2), "Error handling") is nothing to the next one.
        if (OF_ONE_CONNECTION.contains(errno)) {
            return;
        }
        if (!SystemError.isOfDescriptors(errno)) {
            shortages.accept(listener, errno == 0 ? String.valueOf(cause) : SystemError.shortage(errno));
            pause(context);
        } else if (refuse(context, SystemError.shortage(errno)) == SpareDescriptor.Result.NO_DESCRIPTOR) {
            shortages.accept(listener, SystemError.shortage(errno));
            pause(context);
        }
    }

    /** Resets connections that wait, and returns what stopped it. */
    private SpareDescriptor.Result refuse(ChannelHandlerContext context, String why) {
        Socket socket = (Socket) ((UnixChannel) context.channel()).fd();
        SpareDescriptor.Result last = SpareDescriptor.Result.REFUSED;
        for (int i = 0; i < MAX_REFUSED_AT_ONCE && last == SpareDescriptor.Result.REFUSED; i++) {
            last = spare.refuseOne(socket);
            if (last == SpareDescriptor.Result.REFUSED) {
                shortages.accept(listener, why);
            }
        }
        return last;
    }

    /** The kernel reports a waiting connection again and again: without a pause that would be all that the loop does. */
    private static void pause(ChannelHandlerContext context) {
        context.channel().config().setAutoRead(false);
        context.executor()
                .schedule(
                        () -> {
                            if (context.channel().isOpen()) {
                                context.channel().config().setAutoRead(true);
                            }
                        },
                        PAUSE_MILLIS,
                        TimeUnit.MILLISECONDS);
    }
}

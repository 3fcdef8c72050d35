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
 * A handler for failures of accept(2) on the channels of one listener, which share an event loop. When no file descriptor is
 * left, pending connections are reset, since they can't be served. Netty alone stops accepting for a second after any failure,
 * and logs nothing.
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

    /** Creates a guard for {@code listener}, its name in the log. */
    public AcceptGuard(String listener, HostShortages shortages) {
        this.listener = listener;
        this.shortages = shortages;
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        int errno = SystemError.of(cause).orElse(0);
        // Errors that are pending on one connection (accept(2), "Error handling") do not concern the next one.
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

    /** Resets pending connections. Returns the last result. */
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

    /** Stops accepting for a moment: the kernel reports a pending connection again at once, which would keep the loop busy. */
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

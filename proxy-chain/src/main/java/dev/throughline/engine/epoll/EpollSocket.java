package dev.throughline.engine.epoll;

import io.netty.channel.IoEvent;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoEvent;
import io.netty.channel.epoll.EpollIoHandle;
import org.jspecify.annotations.Nullable;

/**
 * A socket in an epoll set. It ignores events of the pass in which it was added, which are those of an earlier socket with its number
 * ({@link EpollLoops}).
 */
@SuppressWarnings("try") // Netty's close() says that it throws anything
abstract class EpollSocket implements EpollIoHandle {
    private EpollLoops.@Nullable Handler loop;
    private long addedIn;

    /** Is called when the socket is added to the epoll set of a loop. */
    final void added(EpollLoops.Handler to) {
        loop = to;
        addedIn = to.pass();
    }

    @Override
    public final void handle(IoRegistration from, IoEvent event) {
        if (loop == null || addedIn != loop.pass()) {
            handle(((EpollIoEvent) event).ops().value());
        }
    }

    /** Handles the events {@code ops} of sys/epoll.h. */
    abstract void handle(int ops);
}

package dev.throughline.engine.epoll;

import io.netty.channel.IoEvent;
import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.unix.FileDescriptor;
import io.netty.util.concurrent.ThreadAwareExecutor;

/**
 * Netty's epoll event loops, with a work-around for a fault of Netty 4.2: it finds the receiver of an event by its descriptor. When
 * an event closes a socket that has an event later in the same pass, and a new socket gets its number, the new socket gets the
 * event of the old one. No report of this is known. Here a handle ignores events of the pass in which it was registered, because
 * epoll_wait returned them earlier: an {@link EpollSocket} by itself, others in a {@link Handle}. EpollLoopsTest fails when this is
 * no longer needed.
 */
final class EpollLoops {
    private EpollLoops() {}

    /** Returns {@link EpollIoHandler#newFactory()} with the work-around. */
    static IoHandlerFactory newFactory() {
        IoHandlerFactory epoll = EpollIoHandler.newFactory();
        return new IoHandlerFactory() {
            @Override
            public IoHandler newHandler(ThreadAwareExecutor executor) {
                return new Handler(epoll.newHandler(executor));
            }

            @Override
            public boolean isChangingThreadSupported() {
                return epoll.isChangingThreadSupported();
            }
        };
    }

    /** The epoll set of a loop. */
    static final class Handler implements IoHandler {
        private final IoHandler epoll;
        /** Number of calls of epoll_wait. Only the loop's thread uses it. */
        private long pass;

        Handler(IoHandler epoll) {
            this.epoll = epoll;
        }

        @Override
        public IoRegistration register(IoHandle handle) throws Exception {
            if (handle instanceof EpollSocket socket) {
                socket.added(this);
                return epoll.register(handle);
            }
            return epoll.register(handle instanceof EpollIoHandle known ? new Handle(known, this, pass) : handle);
        }

        long pass() {
            return pass;
        }

        @Override
        public void initialize() {
            epoll.initialize();
        }

        @Override
        public int run(IoHandlerContext context) {
            pass++;
            return epoll.run(context);
        }

        @Override
        public void prepareToDestroy() {
            epoll.prepareToDestroy();
        }

        @Override
        public void destroy() {
            epoll.destroy();
        }

        @Override
        public void wakeup() {
            epoll.wakeup();
        }

        @Override
        public boolean isCompatible(Class<? extends IoHandle> handleType) {
            return epoll.isCompatible(handleType);
        }
    }

    /** A handle that passes a socket's own events on. */
    @SuppressWarnings("try") // Netty's close() says that it throws anything
    private record Handle(EpollIoHandle socket, Handler handler, long registeredIn) implements EpollIoHandle {
        @Override
        public FileDescriptor fd() {
            return socket.fd();
        }

        @Override
        public void registered() {
            socket.registered();
        }

        @Override
        public void unregistered() {
            socket.unregistered();
        }

        @Override
        public void handle(IoRegistration registration, IoEvent event) {
            if (registeredIn != handler.pass) {
                socket.handle(registration, event);
            }
        }

        @Override
        public void close() throws Exception {
            socket.close();
        }
    }
}

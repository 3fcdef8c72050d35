package dev.throughline.transport;

import dev.throughline.relay.HangUpEvent;
import dev.throughline.relay.Relay;
import io.netty.channel.Channel;
import io.netty.channel.IoEvent;
import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.IoOps;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoEvent;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.unix.FileDescriptor;
import io.netty.util.concurrent.ThreadAwareExecutor;
import java.util.Optional;

/**
 * Netty's epoll event loops, with one repair. Since 4.2.13 (pull request 16689) a socket that waits for nothing at the
 * moment is taken out of epoll, but isn't put back when it waits for something again: its next blocked write fails with
 * ENOENT, and a connection whose other side had half-closed loses the rest of its answer. So nothing is written here as
 * EPOLLET alone, which is never reported by itself and wakes once for an error or a hang-up (epoll_ctl(2)).
 *
 * <p>A channel that {@linkplain Relay#READS_WHEN_ASKED reads when asked} doesn't notice the other side's end until it reads.
 *
 * <p>A hang-up is reported to the channel as {@link HangUpEvent}, so that a connection can be watched that nobody reads.
 */
public final class EpollLoops {
    private EpollLoops() {}

    /** What {@link EpollIoHandler#newFactory()} makes, repaired. */
    public static IoHandlerFactory newFactory() {
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

    private record Handler(IoHandler epoll) implements IoHandler {
        @Override
        public IoRegistration register(IoHandle handle) throws Exception {
            return new Registration(
                    epoll.register(handle instanceof EpollIoHandle known ? new Handle(known) : handle),
                    channel(handle));
        }

        @Override
        public void initialize() {
            epoll.initialize();
        }

        @Override
        public int run(IoHandlerContext context) {
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

    /** Hands on what happens to a socket, and tells its channel of a hang-up, which Netty leaves out. */
    @SuppressWarnings("try") // Netty's close() says that it throws anything
    private record Handle(EpollIoHandle netty) implements EpollIoHandle {
        /** EPOLLHUP (sys/epoll.h). */
        private static final int EPOLLHUP = 0x10;

        @Override
        public FileDescriptor fd() {
            return netty.fd();
        }

        @Override
        public void registered() {
            netty.registered();
        }

        @Override
        public void unregistered() {
            netty.unregistered();
        }

        @Override
        public void handle(IoRegistration registration, IoEvent event) {
            netty.handle(registration, event);
            if (event instanceof EpollIoEvent happened && (happened.ops().value() & EPOLLHUP) != 0) {
                channel(netty)
                        .filter(Channel::isActive)
                        .ifPresent(channel -> channel.pipeline().fireUserEventTriggered(HangUpEvent.INSTANCE));
            }
        }

        @Override
        public void close() throws Exception {
            netty.close();
        }
    }

    private static Optional<Channel> channel(IoHandle handle) {
        return handle instanceof Channel.Unsafe unsafe
                ? Optional.of(unsafe.voidPromise().channel())
                : Optional.empty();
    }

    private record Registration(IoRegistration epoll, Optional<Channel> channel) implements IoRegistration {
        @Override
        public long submit(IoOps ops) {
            EpollIoOps wanted = (EpollIoOps) ops;
            if (readsWhenAsked()) {
                wanted = wanted.without(EpollIoOps.EPOLLRDHUP);
            }
            return epoll.submit(EpollIoOps.NONE.equals(wanted) ? EpollIoOps.EPOLLET : wanted);
        }

        private boolean readsWhenAsked() {
            return channel.filter(it -> it.hasAttr(Relay.READS_WHEN_ASKED)).isPresent();
        }

        @Override
        @SuppressWarnings("TypeParameterUnusedInFormals") // Netty's signature
        public <T> T attachment() {
            return epoll.attachment();
        }

        @Override
        public boolean isValid() {
            return epoll.isValid();
        }

        @Override
        public boolean cancel() {
            return epoll.cancel();
        }
    }
}

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
 * Netty's epoll event loops, with work-arounds for four faults of Netty 4.2. EpollLoopsTest fails when one of them is
 * no longer needed.
 *
 * <ol>
 *   <li>Since 4.2.13 a socket that waits for nothing is removed from epoll (netty/netty pull request 16689), but its
 *       registration still counts as added. When the socket waits for something again, Netty calls EPOLL_CTL_MOD
 *       instead of EPOLL_CTL_ADD, which fails with ENOENT: the next blocked write fails, and a connection whose other
 *       side had half-closed loses the rest of its answer. No report of this is known. Here such a socket waits for
 *       EPOLLET alone, which is never reported by itself and wakes once for an error or a hang-up (epoll_ctl(2)).
 *   <li>EPOLLHUP is ignored: a channel whose input has ended never learns that the other side has closed the
 *       connection. No report is known; netty/netty issue 7550 asks how to detect a lost peer without reading. Here the
 *       channel gets a {@link HangUpEvent}.
 *   <li>Once the other side has closed (EPOLLRDHUP), Netty reads everything that the kernel holds, also with AUTO_READ
 *       off (netty/netty issue 6173, closed with pull request 6199, and still so). Here a channel that
 *       {@linkplain Relay#READS_ON_REQUEST reads on request} doesn't wait for EPOLLRDHUP, and so doesn't notice the
 *       other side's end until it reads.
 *   <li>Netty finds the receiver of an event by its descriptor. When an event closes a socket that has an event later in
 *       the same pass, and a new socket gets its number, the new socket gets the event of the old one: a connection that
 *       has just been established is taken for lost. No report of this is known. Here a handle ignores events of the pass
 *       in which it was registered, because epoll_wait returned them earlier.
 * </ol>
 */
public final class EpollLoops {
    private EpollLoops() {}

    /** Returns {@link EpollIoHandler#newFactory()} with the work-arounds. */
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

    private static final class Handler implements IoHandler {
        private final IoHandler epoll;
        /** Number of calls of epoll_wait. Only the loop's thread uses it. */
        private long pass;

        Handler(IoHandler epoll) {
            this.epoll = epoll;
        }

        @Override
        public IoRegistration register(IoHandle handle) throws Exception {
            return new Registration(
                    epoll.register(handle instanceof EpollIoHandle known ? new Handle(known, this, pass) : handle),
                    channel(handle));
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

    /** A handle that passes a socket's events to Netty, and reports a hang-up to its channel. */
    @SuppressWarnings("try") // Netty's close() says that it throws anything
    private record Handle(EpollIoHandle netty, Handler handler, long registeredIn) implements EpollIoHandle {
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
            if (registeredIn == handler.pass) {
                return;
            }
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
            return channel.filter(it -> it.hasAttr(Relay.READS_ON_REQUEST)).isPresent();
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

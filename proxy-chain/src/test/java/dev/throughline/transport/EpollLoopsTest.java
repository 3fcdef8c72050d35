package dev.throughline.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.throughline.relay.HangUpEvent;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.IoEvent;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.IoRegistration;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.FileDescriptor;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@link EpollLoops} works around four faults of Netty's epoll transport. For each, one test shows that Netty still
 * has it, and fails with a version that doesn't: then its message says what can be removed.
 */
@Timeout(30)
class EpollLoopsTest {
    @TempDir
    private Path folder;

    /** An end of a pipe in epoll that waits for input, then for nothing, then for input again. */
    private static void waitAgain(IoHandlerFactory factory) throws Exception {
        FileDescriptor[] pipe = FileDescriptor.pipe();
        try (MultiThreadIoEventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, factory)) {
            IoRegistration registration =
                    loop.next().register(new PipeEnd(pipe[0])).sync().getNow();
            registration.submit(EpollIoOps.EPOLLIN);
            registration.submit(EpollIoOps.NONE);
            registration.submit(EpollIoOps.EPOLLIN);
        } finally {
            pipe[0].close();
            pipe[1].close();
        }
    }

    private record PipeEnd(FileDescriptor fd) implements EpollIoHandle {
        @Override
        public void handle(IoRegistration registration, IoEvent event) {}

        @Override
        public void close() {}
    }

    @Test
    void waitsAgainAfterASocketWaitedForNothing() {
        assertThatCode(() -> waitAgain(EpollLoops.newFactory())).doesNotThrowAnyException();
    }

    @Test
    void nettyStillLosesASocketThatWaitedForNothing() {
        Throwable failure = catchThrowable(() -> waitAgain(EpollIoHandler.newFactory()));

        assertThat(failure)
                .withFailMessage(() -> "Netty puts a socket back into epoll (" + failure + "). In EpollLoops, let"
                        + " Registration.submit pass NONE on as it is, remove the first fault from the Javadoc, and remove this"
                        + " test.")
                .hasRootCauseInstanceOf(IOException.class)
                .hasStackTraceContaining("epoll_ctl")
                .hasStackTraceContaining("No such file or directory");
    }

    /** Records the events of a handler. */
    private static final class Recorder extends ChannelInboundHandlerAdapter {
        private final BlockingQueue<Object> events = new LinkedBlockingQueue<>();

        Object next() throws InterruptedException {
            Object event = events.poll(10, TimeUnit.SECONDS);
            return event == null ? "nothing within 10 s" : event;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ReferenceCountUtil.release(message);
            events.add("read");
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            events.add(event);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            events.add(cause);
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            events.add("inactive");
        }
    }

    private SocketChannel connect(MultiThreadIoEventLoopGroup loop, boolean autoRead, Recorder recorder)
            throws Exception {
        Path path = folder.resolve("peer.sock");
        try (ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            listener.bind(UnixDomainSocketAddress.of(path));
            new Bootstrap()
                    .group(loop)
                    .channel(EpollDomainSocketChannel.class)
                    .option(ChannelOption.AUTO_READ, autoRead)
                    .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
                    .handler(recorder)
                    .connect(new DomainSocketAddress(path.toFile()))
                    .sync();
            return listener.accept();
        }
    }

    /** Netty handles an event before EpollLoops adds its own: an event of Netty's would come first. */
    @Test
    void reportsAHangUpWhichNettyStillIgnores() throws Exception {
        Recorder recorder = new Recorder();
        try (MultiThreadIoEventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, EpollLoops.newFactory());
                SocketChannel peer = connect(loop, true, recorder)) {
            peer.shutdownOutput();
            while (recorder.next() != ChannelInputShutdownReadComplete.INSTANCE) {
                // The end of the input has several events.
            }

            peer.close();

            Object event = recorder.next();
            assertThat(event)
                    .withFailMessage(
                            () -> "Netty reports a hang-up by itself (" + event + "). Remove EpollLoops.Handle and the"
                                    + " second fault from the Javadoc of EpollLoops, let InboundBuffer use Netty's event instead of"
                                    + " HangUpEvent, and remove this test.")
                    .isEqualTo(HangUpEvent.INSTANCE);
        }
    }

    @Test
    void nettyStillReadsUnaskedWhenThePeerHasClosed() throws Exception {
        Recorder recorder = new Recorder();
        try (MultiThreadIoEventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
                SocketChannel peer = connect(loop, false, recorder)) {
            peer.write(ByteBuffer.wrap(new byte[1]));
            peer.shutdownOutput();

            Object event = recorder.next();
            assertThat(event)
                    .withFailMessage(() ->
                            "Netty reads only when it is asked (" + event + "). Remove Relay.READS_ON_REQUEST with"
                                    + " its uses, the third fault from the Javadoc of EpollLoops, and this test.")
                    .isEqualTo("read");
        }
    }

    /**
     * An end of a pipe with an event. The first that is handled closes the others, whose events come later in the same
     * pass, and registers pipes that get their numbers.
     */
    private static final class ReplacedEnd implements EpollIoHandle {
        private final FileDescriptor end;
        private final Runnable handled;

        ReplacedEnd(FileDescriptor end, Runnable handled) {
            this.end = end;
            this.handled = handled;
        }

        @Override
        public FileDescriptor fd() {
            return end;
        }

        @Override
        public void handle(IoRegistration registration, IoEvent event) {
            handled.run();
        }

        @Override
        public void close() {}
    }

    /** Returns how many of the new descriptors got an event although nothing ever happened to them. */
    private static int eventsOfReplacedDescriptors(IoHandlerFactory factory) throws Exception {
        List<FileDescriptor> open = new ArrayList<>();
        AtomicInteger misled = new AtomicInteger();
        try (MultiThreadIoEventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, factory)) {
            CompletableFuture<Void> replaced = new CompletableFuture<>();
            loop.next()
                    .submit(() -> {
                        FileDescriptor[] first = FileDescriptor.pipe();
                        FileDescriptor[] second = FileDescriptor.pipe();
                        open.addAll(List.of(first[0], first[1], second[0], second[1]));
                        List<IoRegistration> registrations = new ArrayList<>();
                        Runnable replace = () -> {
                            if (replaced.isDone()) {
                                return;
                            }
                            try {
                                registrations.forEach(IoRegistration::cancel);
                                first[0].close();
                                second[0].close();
                                FileDescriptor[] third = FileDescriptor.pipe();
                                open.addAll(List.of(third[0], third[1]));
                                for (FileDescriptor end : List.of(third[0], third[1])) {
                                    loop.next().register(new ReplacedEnd(end, misled::incrementAndGet));
                                }
                                loop.next().execute(() -> replaced.complete(null));
                            } catch (IOException e) {
                                replaced.completeExceptionally(e);
                            }
                        };
                        for (FileDescriptor[] pipe : List.of(first, second)) {
                            IoRegistration registration = loop.next()
                                    .register(new ReplacedEnd(pipe[0], replace))
                                    .getNow();
                            registration.submit(EpollIoOps.EPOLLIN);
                            registrations.add(registration);
                            pipe[1].write(ByteBuffer.allocateDirect(1), 0, 1);
                        }
                        return null;
                    })
                    .sync();
            replaced.get(10, TimeUnit.SECONDS);
            return misled.get();
        } finally {
            for (FileDescriptor end : open) {
                if (end.isOpen()) {
                    end.close();
                }
            }
        }
    }

    @Test
    void keepsTheEventOfAClosedSocketFromTheNextWithItsNumber() throws Exception {
        assertThat(eventsOfReplacedDescriptors(EpollLoops.newFactory())).isZero();
    }

    @Test
    void nettyStillGivesTheEventOfAClosedSocketToTheNextWithItsNumber() throws Exception {
        assertThat(eventsOfReplacedDescriptors(EpollIoHandler.newFactory()))
                .withFailMessage("Netty keeps the events of a closed descriptor from the next with its number. Remove"
                        + " EpollLoops.Handle's check of the pass, the fourth fault from the Javadoc of EpollLoops, and"
                        + " this test.")
                .isPositive();
    }
}

package dev.throughline.engine.epoll;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.IoEvent;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.IoRegistration;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.unix.FileDescriptor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * {@link EpollLoops} works around a fault of Netty's epoll transport. One test shows that Netty still has it, and fails with a
 * version that doesn't: then its message says what can be removed.
 */
@Timeout(30)
class EpollLoopsTest {
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
                        + " EpollLoops, let EpollEngine use EpollIoHandler.newFactory(), and remove this test.")
                .isPositive();
    }
}

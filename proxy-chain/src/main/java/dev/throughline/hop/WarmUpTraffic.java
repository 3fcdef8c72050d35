package dev.throughline.hop;

import dev.throughline.engine.AcceptListener;
import dev.throughline.engine.AcceptLoop;
import dev.throughline.engine.AcceptedSocket;
import dev.throughline.engine.ConnectListener;
import dev.throughline.engine.ConnectOptions;
import dev.throughline.engine.Connection;
import dev.throughline.engine.ConnectionEvents;
import dev.throughline.engine.Engine;
import dev.throughline.engine.LoopBuffer;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** An application and a destination in this process: connections on which a few bytes are sent and sent back. */
final class WarmUpTraffic {
    private static final int BYTES = 64;

    private WarmUpTraffic() {}

    /** Returns the receiver of a destination's connections, which sends back what it gets. */
    static AcceptListener echo() {
        return new AcceptListener() {
            @Override
            public void accepted(AcceptedSocket accepted, AcceptLoop on) {
                accepted.open(on.loop(), opened -> opened.events(new Echo(opened)), failure -> {});
            }

            @Override
            public void failed(AcceptLoop on, IOException cause) {
                on.pause();
            }
        };
    }

    /** The destination's end of a connection. */
    private record Echo(Connection connection) implements ConnectionEvents {
        @Override
        public void readable() {
            try {
                while (connection.isOpen()) {
                    ByteBuffer buffer = LoopBuffer.empty();
                    int read = connection.read(buffer);
                    if (read < 0) {
                        connection.shutdownOutput();
                    }
                    if (read <= 0) {
                        return;
                    }
                    connection.write(buffer.flip());
                }
            } catch (IOException e) {
                connection.close();
            }
        }

        @Override
        public void lost(IOException how) {
            connection.close();
        }

        @Override
        public void finished() {
            connection.close();
        }
    }

    /** Applications that connect one after another, several at once. */
    static final class Applications {
        private final Engine engine;
        private final InetSocketAddress entrance;
        private final ConnectOptions options;
        private final AtomicInteger toStart;
        private final CountDownLatch running;
        private volatile boolean stopped;

        /**
         * Creates applications.
         *
         * @param entrance the address to which they connect
         * @param mark of their connections, which no hop intercepts; 0 for none
         */
        Applications(Engine engine, InetSocketAddress entrance, int mark, int count) {
            this.engine = engine;
            this.entrance = entrance;
            this.options = new ConnectOptions(mark, Duration.ofSeconds(1));
            this.toStart = new AtomicInteger(count);
            this.running = new CountDownLatch(count);
        }

        /** Runs them, {@code atOnce} on each loop. Returns whether all had an answer in this time. */
        boolean run(List<EventLoop> loops, int atOnce, Duration longest) throws InterruptedException {
            for (EventLoop loop : loops) {
                for (int i = 0; i < atOnce; i++) {
                    loop.execute(() -> next(loop));
                }
            }
            return running.await(longest.toNanos(), TimeUnit.NANOSECONDS) && !stopped;
        }

        private void next(EventLoop loop) {
            if (toStart.getAndDecrement() <= 0) {
                return;
            }
            try {
                engine.connect(loop, entrance, options, new Application(this, loop));
            } catch (IOException e) {
                stop();
            }
        }

        /** Starts no more, and waits for none: without a loopback interface, for example, all would fail. */
        void stop() {
            stopped = true;
            toStart.set(0);
            while (running.getCount() > 0) {
                running.countDown();
            }
        }
    }

    /** An application that connects. */
    private record Application(Applications all, EventLoop loop) implements ConnectListener {
        @Override
        public void connected(Connection opened) {
            Conversation conversation = new Conversation(all, opened);
            opened.events(conversation);
            try {
                opened.write(LoopBuffer.empty().put(new byte[BYTES]).flip());
            } catch (IOException e) {
                conversation.lost(e);
            }
        }

        @Override
        public void failed(Exception cause) {
            all.stop();
        }
    }

    /** The application's end of a connection. */
    private static final class Conversation implements ConnectionEvents {
        private final Applications all;
        private final Connection connection;
        private int received;

        Conversation(Applications all, Connection connection) {
            this.all = all;
            this.connection = connection;
        }

        @Override
        public void readable() {
            try {
                int read = connection.read(LoopBuffer.empty());
                received += Math.max(0, read);
                if (read < 0) {
                    end();
                } else if (received == BYTES && !connection.isOutputShutdown()) {
                    connection.shutdownOutput();
                }
            } catch (IOException e) {
                lost(e);
            }
        }

        @Override
        public void lost(IOException how) {
            end();
        }

        private void end() {
            if (connection.isOpen()) {
                EventLoop loop = connection.loop();
                connection.close();
                all.running.countDown();
                all.next(loop);
            }
        }
    }
}

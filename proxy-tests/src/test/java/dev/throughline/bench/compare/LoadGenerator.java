package dev.throughline.bench.compare;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The client of all chains, a process with one thread. Each line of its standard input is a command, which it answers with one
 * line: {@code ok} with the numbers of a {@link LoadResult}, or {@code failed} with the reason. Any error fails a command,
 * because a window with errors measures nothing. {@link Load} has the other end of this dialogue.
 */
final class LoadGenerator {
    /** How many connections are opened at once if they are to stay open. */
    private static final int OPENING = 64;
    /** Local addresses, so that closed connections in TIME_WAIT don't use up the ports of one. */
    private static final int SOURCES = 40;

    private static final long PATIENCE = TimeUnit.SECONDS.toNanos(20);
    private static final int DONE = -1;

    private final Selector selector;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 18);
    private final ByteBuffer echo = Message.of(Message.ECHO);
    private final List<SocketChannel> open = new ArrayList<>();
    private Latencies latencies = new Latencies();
    private long bytes;
    private int sources;
    private int running;

    private LoadGenerator(Selector selector) {
        this.selector = selector;
    }

    public static void main(String[] args) throws IOException {
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        try (Selector selector = Selector.open()) {
            LoadGenerator generator = new LoadGenerator(selector);
            for (String line = input.readLine(); line != null; line = input.readLine()) {
                System.out.println(generator.answer(line.split(" ")));
            }
        }
    }

    private String answer(String[] command) {
        latencies = new Latencies();
        bytes = 0;
        running = 0;
        long begin = System.nanoTime();
        try {
            switch (command[0]) {
                case "open" -> open(number(command[1]), number(command[2]));
                case "connect" -> connect(number(command[1]), number(command[2]), begin + millis(command[3]));
                case "echo" -> onEach(begin + millis(command[1]), () -> new Echoes(begin + millis(command[1])));
                case "download" -> onEach(begin + millis(command[1]), () -> new Download(begin + millis(command[1])));
                case "upload" -> onEach(begin + millis(command[1]), () -> new Upload(begin + millis(command[1])));
                case "close" -> close();
                default -> throw new IOException("unknown command " + command[0]);
            }
        } catch (IOException e) {
            return "failed " + command[0] + ": " + e;
        }
        return new LoadResult(
                        latencies.count(),
                        bytes,
                        System.nanoTime() - begin,
                        latencies.percentile(50),
                        latencies.percentile(99))
                .toLine();
    }

    private static int number(String word) {
        return Integer.parseInt(word);
    }

    private static long millis(String word) {
        return TimeUnit.MILLISECONDS.toNanos(number(word));
    }

    /** Work on a connection, which proceeds when its socket is ready. */
    private interface Exchange {
        /** Begins. Returns the operations to wait for. */
        int begin(SocketChannel channel) throws IOException;

        /** Continues. Returns the operations to wait for, or {@link #DONE}. */
        int proceed(SelectionKey key, SocketChannel channel) throws IOException;
    }

    private interface ExchangeFactory {
        Exchange create();
    }

    private void open(int port, int count) throws IOException {
        int begun = Math.min(OPENING, count);
        for (int i = 0; i < begun; i++) {
            begin(newChannel(), new Opening(port));
        }
        long limit = System.nanoTime() + 3 * PATIENCE;
        while (running > 0) {
            for (SocketChannel opened : proceedOnce(limit)) {
                open.add(opened);
                if (begun < count) {
                    begun++;
                    begin(newChannel(), new Opening(port));
                }
            }
        }
    }

    /** Opens connections, exchanges one message over each and closes it, {@code atOnce} at a time, until {@code end}. */
    private void connect(int port, int atOnce, long end) throws IOException {
        for (int i = 0; i < atOnce; i++) {
            begin(newChannel(), new Opening(port));
        }
        while (running > 0) {
            for (SocketChannel opened : proceedOnce(end + PATIENCE)) {
                opened.close();
                if (System.nanoTime() < end) {
                    begin(newChannel(), new Opening(port));
                }
            }
        }
    }

    private void onEach(long end, ExchangeFactory exchanges) throws IOException {
        for (SocketChannel channel : open) {
            begin(channel, exchanges.create());
        }
        while (running > 0) {
            proceedOnce(end + PATIENCE);
        }
    }

    private void close() throws IOException {
        for (SocketChannel channel : open) {
            channel.close();
        }
        open.clear();
        // Closed channels leave the selector, and their descriptors are released, at the next selection.
        selector.selectNow();
    }

    private SocketChannel newChannel() throws IOException {
        SocketChannel channel = SocketChannel.open();
        channel.configureBlocking(false);
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        channel.bind(new InetSocketAddress("127.0.0." + (10 + sources++ % SOURCES), 0));
        return channel;
    }

    private void begin(SocketChannel channel, Exchange exchange) throws IOException {
        running++;
        channel.register(selector, exchange.begin(channel), exchange);
    }

    /** Lets all ready exchanges proceed. Returns the channels of those that are done. */
    private List<SocketChannel> proceedOnce(long limit) throws IOException {
        if (System.nanoTime() > limit) {
            throw new IOException("timeout: " + running + " exchanges are unfinished");
        }
        List<SocketChannel> done = new ArrayList<>();
        selector.select(100);
        for (SelectionKey key : selector.selectedKeys()) {
            if (key.attachment() instanceof Exchange exchange && key.channel() instanceof SocketChannel channel) {
                int operations = exchange.proceed(key, channel);
                if (operations == DONE) {
                    running--;
                    key.interestOps(0);
                    done.add(channel);
                } else if (operations != key.interestOps()) {
                    key.interestOps(operations);
                }
            }
        }
        selector.selectedKeys().clear();
        return done;
    }

    /** Reads an answer into {@code answer}. Returns whether it is whole. */
    private static boolean isRead(SocketChannel channel, ByteBuffer answer) throws IOException {
        if (channel.read(answer) < 0) {
            throw new IOException("a connection ended early");
        }
        return !answer.hasRemaining();
    }

    private void checkEcho(ByteBuffer answer) throws IOException {
        if (!answer.flip().equals(echo.rewind())) {
            throw new IOException("an echo differs");
        }
        answer.clear();
    }

    /** Connects and exchanges one message. The latency includes both. */
    private final class Opening implements Exchange {
        private final int port;
        private final long begin = System.nanoTime();
        private final ByteBuffer answer = ByteBuffer.allocate(Message.SIZE);

        Opening(int port) {
            this.port = port;
        }

        @Override
        public int begin(SocketChannel channel) throws IOException {
            // Even if it is connected at once, the next selection reports it.
            return channel.connect(new InetSocketAddress("127.0.0.1", port))
                    ? SelectionKey.OP_WRITE
                    : SelectionKey.OP_CONNECT;
        }

        @Override
        public int proceed(SelectionKey key, SocketChannel channel) throws IOException {
            if (key.isReadable()) {
                if (!isRead(channel, answer)) {
                    return SelectionKey.OP_READ;
                }
                checkEcho(answer);
                latencies.add(System.nanoTime() - begin);
                return DONE;
            }
            channel.finishConnect();
            Message.write(channel, echo);
            return SelectionKey.OP_READ;
        }
    }

    /** Messages and their echoes, one at a time. */
    private final class Echoes implements Exchange {
        private final long end;
        private final ByteBuffer answer = ByteBuffer.allocateDirect(Message.SIZE);
        private long begin;

        Echoes(long end) {
            this.end = end;
        }

        @Override
        public int begin(SocketChannel channel) throws IOException {
            begin = System.nanoTime();
            Message.write(channel, echo);
            return SelectionKey.OP_READ;
        }

        @Override
        public int proceed(SelectionKey key, SocketChannel channel) throws IOException {
            if (!isRead(channel, answer)) {
                return SelectionKey.OP_READ;
            }
            checkEcho(answer);
            long now = System.nanoTime();
            latencies.add(now - begin);
            return now < end ? begin(channel) : DONE;
        }
    }

    private final class Download implements Exchange {
        private final long end;
        private final BulkStream.Receiver receiver = new BulkStream.Receiver();
        private boolean isStopped;

        Download(long end) {
            this.end = end;
        }

        @Override
        public int begin(SocketChannel channel) throws IOException {
            Message.write(channel, Message.of(Message.DOWNLOAD));
            return SelectionKey.OP_READ;
        }

        @Override
        public int proceed(SelectionKey key, SocketChannel channel) throws IOException {
            if (!receiver.read(channel, buffer)) {
                throw new IOException("a download ended early");
            }
            if (receiver.isComplete()) {
                bytes += receiver.bytes();
                return DONE;
            }
            if (!isStopped && System.nanoTime() >= end) {
                isStopped = true;
                Message.write(channel, Message.of(Message.STOP));
            }
            return SelectionKey.OP_READ;
        }
    }

    private final class Upload implements Exchange {
        private final long end;
        private final ByteBuffer answer = ByteBuffer.allocate(Message.SIZE);
        private BulkStream.@Nullable Sender sender = new BulkStream.Sender();

        Upload(long end) {
            this.end = end;
        }

        @Override
        public int begin(SocketChannel channel) throws IOException {
            Message.write(channel, Message.of(Message.UPLOAD));
            return SelectionKey.OP_WRITE;
        }

        @Override
        public int proceed(SelectionKey key, SocketChannel channel) throws IOException {
            if (sender == null) {
                return isRead(channel, answer) ? DONE : SelectionKey.OP_READ;
            }
            if (System.nanoTime() >= end) {
                sender.stop();
            }
            if (!sender.write(channel)) {
                return SelectionKey.OP_WRITE;
            }
            bytes += sender.bytes();
            sender = null;
            return SelectionKey.OP_READ;
        }
    }
}

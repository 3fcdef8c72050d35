package dev.throughline.bench.compare;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;

/**
 * The server behind all chains, a process with one thread. It prints its port, and exits when its standard input ends, so that
 * it doesn't outlive the benchmark.
 */
final class Backend {
    private static final int BACKLOG = 4096;
    private static final ByteBuffer BUFFER = ByteBuffer.allocateDirect(1 << 18);

    private Backend() {}

    public static void main(String[] args) throws IOException {
        Thread.ofPlatform().daemon().start(Backend::exitAtEndOfInput);
        Selector selector = Selector.open();
        ServerSocketChannel listener = ServerSocketChannel.open();
        listener.bind(new InetSocketAddress("127.0.0.1", 0), BACKLOG);
        listener.configureBlocking(false);
        listener.register(selector, SelectionKey.OP_ACCEPT);
        System.out.println(listener.socket().getLocalPort());
        while (true) {
            selector.select(key -> {
                if (key.attachment() instanceof Connection connection) {
                    connection.proceed(key);
                } else {
                    accept(listener, selector);
                }
            });
        }
    }

    private static void exitAtEndOfInput() {
        try {
            while (System.in.read() >= 0) {
                // The parent writes nothing.
            }
        } catch (IOException e) {
            System.err.println("backend: " + e);
        }
        Runtime.getRuntime().halt(0);
    }

    private static void accept(ServerSocketChannel listener, Selector selector) {
        try {
            for (SocketChannel channel = listener.accept(); channel != null; channel = listener.accept()) {
                channel.configureBlocking(false);
                channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
                channel.register(selector, SelectionKey.OP_READ, new Connection(channel));
            }
        } catch (IOException e) {
            System.err.println("backend: accept failed: " + e);
        }
    }

    private static final class Connection {
        private final SocketChannel channel;
        private final ByteBuffer message = ByteBuffer.allocateDirect(Message.SIZE);
        private BulkStream.@Nullable Sender download;
        private BulkStream.@Nullable Receiver upload;

        Connection(SocketChannel channel) {
            this.channel = channel;
        }

        /** Reads and writes once. A failed connection is closed, which the load generator reports as an error. */
        void proceed(SelectionKey key) {
            try {
                if (key.isReadable() && !read(key)) {
                    channel.close();
                    return;
                }
                if (key.isWritable() && download != null && download.write(channel)) {
                    download = null;
                    key.interestOps(SelectionKey.OP_READ);
                }
            } catch (IOException e) {
                System.err.println("backend: " + e);
                closeFailed();
            }
        }

        private void closeFailed() {
            try {
                channel.close();
            } catch (IOException e) {
                System.err.println("backend: close failed: " + e);
            }
        }

        private boolean read(SelectionKey key) throws IOException {
            BUFFER.clear();
            if (channel.read(BUFFER) < 0) {
                return false;
            }
            BUFFER.flip();
            while (BUFFER.hasRemaining()) {
                if (upload != null) {
                    upload.accept(BUFFER);
                    if (upload.isComplete()) {
                        upload = null;
                        Message.write(channel, Message.of(Message.UPLOAD));
                    }
                } else {
                    message.put(BUFFER.get());
                    if (!message.hasRemaining()) {
                        act(key);
                        message.clear();
                    }
                }
            }
            return true;
        }

        private void act(SelectionKey key) throws IOException {
            switch (message.get(0)) {
                case Message.ECHO -> Message.write(channel, message);
                case Message.UPLOAD -> upload = new BulkStream.Receiver();
                case Message.DOWNLOAD -> {
                    download = new BulkStream.Sender();
                    key.interestOps(SelectionKey.OP_READ | SelectionKey.OP_WRITE);
                }
                case Message.STOP -> {
                    if (download != null) {
                        download.stop();
                    }
                }
                default -> throw new IOException("unknown message");
            }
        }
    }
}

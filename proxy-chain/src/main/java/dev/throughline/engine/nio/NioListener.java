package dev.throughline.engine.nio;

import dev.throughline.engine.AcceptListener;
import dev.throughline.engine.ListeningSocket;
import dev.throughline.engine.TcpTimeouts;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** A listening channel in the selectors of several loops. */
final class NioListener implements ListeningSocket {
    /**
     * What distinguishes listeners.
     *
     * @param timeouts of accepted TCP connections
     */
    record Settings(boolean tcp, TcpTimeouts timeouts, int backlog, int acceptedEachPass) {
        static Settings unix(int backlog, int acceptedEachPass) {
            return new Settings(
                    false, new TcpTimeouts(Duration.ZERO, Duration.ZERO, 0, Duration.ZERO), backlog, acceptedEachPass);
        }
    }

    private final ServerSocketChannel channel;
    private final SocketAddress address;
    private final Settings settings;
    private final List<NioAcceptLoop> loops = new ArrayList<>();

    NioListener(ServerSocketChannel channel, Settings settings) throws IOException {
        this.channel = channel;
        this.address = channel.getLocalAddress();
        this.settings = settings;
    }

    void start(List<EventLoop> on, Supplier<AcceptListener> listeners) throws IOException {
        for (EventLoop loop : on) {
            NioAcceptLoop accepting = new NioAcceptLoop(loop, channel, settings, listeners.get());
            loops.add(accepting);
            accepting.start();
        }
    }

    @Override
    public List<NioAcceptLoop> loops() {
        return List.copyOf(loops);
    }

    @Override
    public SocketAddress address() {
        return address;
    }

    @Override
    public boolean isOpen() {
        return channel.isOpen();
    }

    @Override
    public int option(int level, int name) throws IOException {
        throw NioEngine.unsupported("socket options by number");
    }

    @Override
    public void option(int level, int name, int value) throws IOException {
        throw NioEngine.unsupported("socket options by number");
    }

    @Override
    public void backlog(int connections) {
        // Java calls listen(2) once.
    }

    /** Closes the socket, and waits until every selector has released its descriptor. */
    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            // It is closed all the same.
        }
        loops.forEach(NioAcceptLoop::release);
    }
}

package dev.throughline.engine.epoll;

import dev.throughline.engine.AcceptListener;
import dev.throughline.engine.ListeningSocket;
import io.netty.channel.EventLoop;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** A listening socket in the epoll sets of several loops. */
final class EpollListener implements ListeningSocket {
    private final Socket socket;
    private final boolean tcp;
    private final SocketAddress address;
    private final Optional<InetSocketAddress> local;
    private final int acceptedEachPass;
    private final PipePool pipes;
    private final List<EpollAcceptLoop> loops = new ArrayList<>();

    /**
     * Creates a listener that doesn't accept yet.
     *
     * @param local the local address of all its connections, if they have one
     */
    EpollListener(
            Socket socket,
            boolean tcp,
            SocketAddress address,
            Optional<InetSocketAddress> local,
            int acceptedEachPass,
            PipePool pipes) {
        this.socket = socket;
        this.tcp = tcp;
        this.address = address;
        this.local = local;
        this.acceptedEachPass = acceptedEachPass;
        this.pipes = pipes;
    }

    void start(List<EventLoop> on, Supplier<AcceptListener> listeners, int backlog) throws IOException {
        socket.listen(backlog);
        for (EventLoop loop : on) {
            EpollAcceptLoop accepting = new EpollAcceptLoop(loop, this, listeners.get());
            loops.add(accepting);
            accepting.start();
        }
    }

    Socket socket() {
        return socket;
    }

    int acceptedEachPass() {
        return acceptedEachPass;
    }

    /** Returns the connection of an accepted socket. */
    EpollConnection connection(Socket accepted, Optional<InetSocketAddress> remote) throws IOException {
        EpollConnection connection = new EpollConnection(accepted, tcp, local.orElse(null), remote.orElse(null), pipes);
        // Data that came before is reported when the connection is added to an epoll set.
        connection.nothingReceived();
        if (!tcp) {
            prepare(connection);
        }
        return connection;
    }

    boolean isTcp() {
        return tcp;
    }

    /** TCP's options are inherited. */
    private static void prepare(EpollConnection connection) throws IOException {
        try {
            SocketOptions.urgentBytesInline(connection.socket());
        } catch (IOException e) {
            connection.close();
            throw e;
        }
    }

    @Override
    public List<EpollAcceptLoop> loops() {
        return List.copyOf(loops);
    }

    @Override
    public SocketAddress address() {
        return address;
    }

    @Override
    public boolean isOpen() {
        return socket.isOpen();
    }

    @Override
    public int option(int level, int name) throws IOException {
        return SocketOptions.get(socket, level, name);
    }

    @Override
    public void option(int level, int name, int value) throws IOException {
        SocketOptions.set(socket, level, name, value);
    }

    @Override
    public void backlog(int connections) throws IOException {
        socket.listen(connections);
    }

    /** Closes the socket when no loop can be using its descriptor for accept(2) any more. */
    @Override
    public void close() {
        loops.forEach(EpollAcceptLoop::stop);
        try {
            socket.close();
        } catch (IOException e) {
            // Linux frees the descriptor whatever close(2) returns.
        }
    }
}

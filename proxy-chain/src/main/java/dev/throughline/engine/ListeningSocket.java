package dev.throughline.engine;

import io.netty.channel.EventLoop;
import java.io.IOException;
import java.net.SocketAddress;

/** A listening socket. Any thread may use it. */
public interface ListeningSocket extends AutoCloseable {
    /** Returns the address that it is bound to. */
    SocketAddress address();

    /** Returns the loop on which it accepts. */
    EventLoop loop();

    /** Returns whether it isn't closed. */
    boolean isOpen();

    /** Stops accepting: connections wait in the kernel's queue. */
    void pause();

    /** Accepts again after {@link #pause}. */
    void resume();

    /** Accepts one connection with a reset. Returns whether there was one. */
    boolean refuseOne() throws IOException;

    /** Returns an integer option (getsockopt(2)). */
    int option(int level, int name) throws IOException;

    /** Sets an integer option (setsockopt(2)). */
    void option(int level, int name, int value) throws IOException;

    /** Changes the length of the kernel's queue (listen(2)), where the system has that. */
    void backlog(int connections) throws IOException;

    @Override
    void close();
}

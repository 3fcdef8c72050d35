package dev.throughline.engine;

import java.io.IOException;
import java.net.SocketAddress;
import java.util.List;

/** A listening socket. Any thread may use it. */
public interface ListeningSocket extends AutoCloseable {
    /** Returns the address that it is bound to. */
    SocketAddress address();

    /** Returns the loops on which it accepts. */
    List<? extends AcceptLoop> loops();

    /** Returns whether it isn't closed. */
    boolean isOpen();

    /** Returns an integer option (getsockopt(2)). */
    int option(int level, int name) throws IOException;

    /** Sets an integer option (setsockopt(2)). */
    void option(int level, int name, int value) throws IOException;

    /** Changes the length of the kernel's queue (listen(2)), where the system has that. */
    void backlog(int connections) throws IOException;

    /** Closes the socket. On one of its loops this may only be called if it has no other. */
    @Override
    void close();
}

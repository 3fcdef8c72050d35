package dev.throughline.engine;

import io.netty.channel.EventLoop;
import java.io.IOException;

/** One of the event loops that accept the connections of a listening socket. Any thread may use it. */
public interface AcceptLoop {
    /** Returns the loop. */
    EventLoop loop();

    /** Stops accepting on this loop. Unless another one accepts them, connections wait in the kernel's queue. */
    void pause();

    /** Accepts again after {@link #pause}. */
    void resume();

    /** Accepts one connection with a reset. Returns whether there was one. */
    boolean refuseOne() throws IOException;
}

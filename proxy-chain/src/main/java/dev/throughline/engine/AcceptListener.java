package dev.throughline.engine;

import java.io.IOException;

/** The receiver of the connections that one event loop accepts, on that loop. */
public interface AcceptListener {
    /**
     * A connection was accepted. Nothing watches it yet: {@link AcceptedSocket#open}, on this or another loop, or {@link
     * AcceptedSocket#close}.
     */
    void accepted(AcceptedSocket connection, AcceptLoop on);

    /** accept(2) failed. The loop tries again in the next pass unless it is paused. */
    void failed(AcceptLoop on, IOException cause);
}

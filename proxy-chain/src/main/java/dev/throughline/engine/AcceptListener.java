package dev.throughline.engine;

import java.io.IOException;

/** The receiver of accepted connections, on the listener's event loop. */
public interface AcceptListener {
    /** A connection was accepted. It has no event loop yet: {@link AcceptedSocket#open} or {@link AcceptedSocket#close}. */
    void accepted(AcceptedSocket connection, ListeningSocket listener);

    /** accept(2) failed. The listener stays open and tries again in the next pass unless it is paused. */
    void failed(ListeningSocket listener, IOException cause);
}

package dev.throughline.engine;

import java.io.IOException;

/** The receiver of a connection's events, on its event loop. */
public interface ConnectionEvents {
    /** A receiver that ignores all events. The connection keeps its failure. */
    ConnectionEvents IGNORED = new ConnectionEvents() {};

    /** There is something to read: bytes, the end, or an error. */
    default void readable() {}

    /** The kernel takes bytes again. */
    default void writable() {}

    /** The connection is lost: reset, timed out, or closed before this side's end. Also reported when nobody reads. */
    default void lost(IOException how) {}

    /** Both directions have ended, and the peer's kernel has acknowledged all of it. */
    default void finished() {}
}

package dev.throughline.relay;

import java.io.IOException;

/** The other end closed a connection before this side had ended its output. */
public final class PeerClosedException extends IOException {
    private static final long serialVersionUID = 1L;

    PeerClosedException() {
        super("the connection ended before its output was shut down");
    }
}

package dev.throughline.engine;

import java.io.IOException;

/** The other end closed a connection before this side had ended its output. */
public final class PeerClosedException extends IOException {
    private static final long serialVersionUID = 1L;

    public PeerClosedException() {
        super("the connection ended before its output was shut down");
    }
}

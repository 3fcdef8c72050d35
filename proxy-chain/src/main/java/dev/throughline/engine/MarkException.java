package dev.throughline.engine;

import java.io.IOException;

/** Thrown if a socket can't get its mark: an unmarked connection would be intercepted as an application's. */
public final class MarkException extends IOException {
    private static final long serialVersionUID = 1L;

    /** Creates an exception with the system's error. */
    public MarkException(IOException cause) {
        super("can't set SO_MARK (is CAP_NET_ADMIN missing?): " + cause, cause);
    }
}

package dev.throughline.flow;

import io.netty.channel.unix.FileDescriptor;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * A file descriptor in reserve for the moment when no other is left. When it is closed, one connection can be accepted and reset,
 * so that its client learns at once that it is not served. Otherwise the connection would stay connected in the kernel's queue
 * for ever. Thread-safe.
 */
public final class SpareDescriptor {
    /** Result of an attempt to refuse a connection. */
    enum Result {
        REFUSED,
        NONE_WAITS,
        NO_DESCRIPTOR
    }

    private @Nullable FileDescriptor spare;

    SpareDescriptor() {
        keep();
    }

    /** Accepts a connection and resets it. */
    public interface Refusal {
        /** Returns whether there was one. */
        boolean refuseOne() throws IOException;
    }

    /** Frees the descriptor for one {@code refusal}. */
    synchronized Result refuseOne(Refusal refusal) {
        FileDescriptor given = spare;
        if (given == null) {
            keep();
            return Result.NO_DESCRIPTOR;
        }
        spare = null;
        try {
            given.close();
            // accept(2) asks for a descriptor before it looks for a connection.
            return refusal.refuseOne() ? Result.REFUSED : Result.NONE_WAITS;
        } catch (IOException e) {
            // Another thread took the descriptor.
            return Result.NO_DESCRIPTOR;
        } finally {
            keep();
        }
    }

    private synchronized void keep() {
        if (spare == null) {
            try {
                spare = FileDescriptor.from("/dev/null");
            } catch (IOException e) {
                // There is none now; the next call tries again.
                return;
            }
        }
    }
}

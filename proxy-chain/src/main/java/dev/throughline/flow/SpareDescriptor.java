package dev.throughline.flow;

import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * A file descriptor in reserve for the moment when no other is left. When it is closed, one connection can be accepted and reset,
 * so that its client learns at once that it is not served. Otherwise the connection would stay connected in the kernel's queue
 * for ever. Thread-safe.
 */
final class SpareDescriptor {
    private static final int LONGEST_ADDRESS_BYTES = 128;

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

    /** Accepts and resets a connection of {@code listener}. */
    synchronized Result refuseOne(Socket listener) {
        FileDescriptor given = spare;
        if (given == null) {
            keep();
            return Result.NO_DESCRIPTOR;
        }
        spare = null;
        try {
            given.close();
            int accepted = listener.accept(new byte[LONGEST_ADDRESS_BYTES]);
            // accept(2) asks for a descriptor before it looks for a connection.
            if (accepted < 0) {
                return Result.NONE_WAITS;
            }
            Socket connection = new Socket(accepted);
            try {
                connection.setSoLinger(0);
            } finally {
                connection.close();
            }
            return Result.REFUSED;
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

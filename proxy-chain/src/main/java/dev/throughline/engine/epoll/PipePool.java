package dev.throughline.engine.epoll;

import dev.throughline.platform.linux.PipeCapacity;
import io.netty.channel.unix.FileDescriptor;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/** The pipes of all event loops. Each loop has its own, and a limited number of them, because each takes two descriptors. */
final class PipePool {
    /** Pipes of one loop. */
    private static final class OfLoop {
        private final Deque<FileDescriptor[]> idle = new ArrayDeque<>();
        private int open;
    }

    /**
     * Wanted capacity of a pipe in bytes. Each of its pages can hold a part of one page of a packet. With less, bulk transfers need more
     * CPU time; with more, a few hops of one user would use up what the kernel allows the pipes of that user.
     */
    static final int CAPACITY = 256 << 10;

    /** With less, copying costs less than splice(2). */
    private static final int SMALLEST_CAPACITY = 64 << 10;
    /** Idle pipes of a loop: they count for the user too. */
    private static final int MOST_IDLE = 8;

    private final int most;
    /** Not Netty's, which would choose a folder for its library before the hop does. */
    private final ThreadLocal<OfLoop> loops = ThreadLocal.withInitial(OfLoop::new);

    /** Creates a pool with at most {@code most} pipes for each loop. */
    PipePool(int most) {
        this.most = most;
    }

    /**
     * Returns both ends of an empty pipe, the one to read from first; empty if all are in use, no descriptor is left, or the kernel gives
     * it little capacity.
     */
    Optional<FileDescriptor[]> take() {
        OfLoop loop = loops.get();
        if (!loop.idle.isEmpty()) {
            return Optional.of(loop.idle.removeFirst());
        }
        if (loop.open == most) {
            return Optional.empty();
        }
        try {
            FileDescriptor[] made = FileDescriptor.pipe();
            loop.open++;
            if (PipeCapacity.raise(made[1].intValue(), CAPACITY) < SMALLEST_CAPACITY) {
                close(made);
                return Optional.empty();
            }
            return Optional.of(made);
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** Takes back an empty pipe. */
    void giveBack(FileDescriptor[] ends) {
        OfLoop loop = loops.get();
        if (loop.idle.size() < MOST_IDLE) {
            loop.idle.addFirst(ends);
        } else {
            close(ends);
        }
    }

    /** Closes a pipe, which may have bytes in it. */
    void close(FileDescriptor[] ends) {
        loops.get().open--;
        for (FileDescriptor end : ends) {
            try {
                end.close();
            } catch (IOException e) {
                // Linux frees the descriptor whatever close(2) returns.
            }
        }
    }
}

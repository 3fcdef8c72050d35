package dev.throughline.engine.epoll;

import dev.throughline.engine.Pipe;
import io.netty.channel.epoll.Native;
import io.netty.channel.unix.FileDescriptor;
import io.netty.util.concurrent.FastThreadLocal;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/** A pipe(7) between two sockets. Each loop has a limited number of them, because each takes two descriptors. */
final class EpollPipe implements Pipe {
    /** The most that a direction can hold when its destination stops reading. */
    private static final int MOST_HELD = 128 << 10;

    /** Pipes of one event loop. Directions beyond them are copied. */
    private static final class Pool {
        private final Deque<FileDescriptor[]> idle = new ArrayDeque<>();
        private int open;

        Optional<FileDescriptor[]> take() {
            if (!idle.isEmpty()) {
                return Optional.of(idle.removeFirst());
            }
            if (open == EpollEngine.MOST_PIPES_OF_LOOP) {
                return Optional.empty();
            }
            try {
                FileDescriptor[] made = FileDescriptor.pipe();
                open++;
                return Optional.of(made);
            } catch (IOException e) {
                // No descriptor is left: bytes are copied.
                return Optional.empty();
            }
        }

        void giveBack(FileDescriptor[] ends) {
            idle.addFirst(ends);
        }

        void close(FileDescriptor[] ends) {
            open--;
            for (FileDescriptor end : ends) {
                try {
                    end.close();
                } catch (IOException e) {
                    // Linux frees the descriptor whatever close(2) returns.
                }
            }
        }
    }

    private static final FastThreadLocal<Pool> POOLS = new FastThreadLocal<>() {
        @Override
        protected Pool initialValue() {
            return new Pool();
        }
    };

    private final FileDescriptor[] ends;
    private final EpollConnection from;
    private final EpollConnection to;
    private int held;

    private EpollPipe(FileDescriptor[] ends, EpollConnection from, EpollConnection to) {
        this.ends = ends;
        this.from = from;
        this.to = to;
    }

    static Optional<Pipe> between(EpollConnection from, EpollConnection to) {
        return POOLS.get().take().map(ends -> new EpollPipe(ends, from, to));
    }

    @Override
    public int fill() throws IOException {
        int moved = from.spliceInto(ends[1], MOST_HELD - held);
        held += moved;
        return moved;
    }

    @Override
    public void drain() throws IOException {
        while (held > 0) {
            int moved = to.spliceFrom(ends[0], held);
            if (moved == 0) {
                return;
            }
            held -= moved;
        }
    }

    @Override
    public int held() {
        return held;
    }

    @Override
    public void release() {
        if (held == 0) {
            POOLS.get().giveBack(ends);
        } else {
            POOLS.get().close(ends);
        }
    }

    /** {@return the result of splice(2), 0 for EAGAIN as for the end of the input} */
    static int splice(FileDescriptor from, FileDescriptor to, int most) throws IOException {
        return Native.splice(from.intValue(), -1, to.intValue(), -1, most);
    }
}

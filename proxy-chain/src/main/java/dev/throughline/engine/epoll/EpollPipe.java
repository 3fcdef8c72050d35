package dev.throughline.engine.epoll;

import dev.throughline.engine.Pipe;
import io.netty.channel.epoll.Native;
import io.netty.channel.unix.FileDescriptor;
import java.io.IOException;

/** A pipe(7) between two sockets. */
final class EpollPipe implements Pipe {
    /** The most that a direction can hold when its destination stops reading. */
    private static final int MOST_HELD = PipePool.CAPACITY;

    private final PipePool pool;
    private final FileDescriptor[] ends;
    private final EpollConnection from;
    private final EpollConnection to;
    private int held;

    EpollPipe(PipePool pool, FileDescriptor[] ends, EpollConnection from, EpollConnection to) {
        this.pool = pool;
        this.ends = ends;
        this.from = from;
        this.to = to;
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
            pool.giveBack(ends);
        } else {
            pool.close(ends);
        }
    }

    /** Returns the result of splice(2), 0 for EAGAIN as for the end of the input. */
    static int splice(FileDescriptor from, FileDescriptor to, int most) throws IOException {
        return Native.splice(from.intValue(), -1, to.intValue(), -1, most);
    }
}

package dev.throughline.report;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * An asynchronous writer of lines to standard output or standard error. A dedicated thread writes them, so a slow
 * reader, a full file system or a closed pipe blocks no caller. The queue is bounded in bytes. A line that doesn't fit
 * or can't be written is lost and counted. The first loss starts an episode, which ends when lines have been written
 * again for {@link #QUIET_NANOS}. After a partly written line, the next one starts on a new line.
 */
final class OutputWriter implements AutoCloseable {
    /**
     * Losses with shorter pauses between them belong to one episode; otherwise a nearly full disk would be reported
     * continuously.
     */
    static final long QUIET_NANOS = TimeUnit.SECONDS.toNanos(1);

    private static final long WAKE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final int RETRY_MILLIS = 10;
    private static final int CLOSE_MILLIS = 2_000;

    /** Notified of episodes, on any thread, without locks held. */
    interface Listener {
        /** Called at the first loss of an episode. */
        void failed(String why);

        /** Called when the episode is over, with the number of lost lines. */
        void recovered(long lost);
    }

    private final WritableByteChannel target;
    private final int maxBytes;
    private final Listener listener;
    private final Thread writer;
    private final Deque<byte[]> waiting = new ArrayDeque<>();
    private int waitingBytes;
    private boolean closed;
    private long dropped;
    /** Start of the current episode; 0 if there is none. */
    private long lost;

    private long lostAt;
    private boolean writtenSince;
    /** Used by the writer thread only. */
    private boolean isLineOpen;

    private OutputWriter(String name, WritableByteChannel target, int maxBytes, Listener listener) {
        this.target = target;
        this.maxBytes = maxBytes;
        this.listener = listener;
        this.writer = Thread.ofPlatform().name(name).daemon().unstarted(this::run);
    }

    /**
     * Starts a writer.
     *
     * @param name name of the thread
     * @param target must not be closed by others; a write that returns 0 is retried
     * @param maxBytes maximum size of the queue
     */
    static OutputWriter start(String name, WritableByteChannel target, int maxBytes, Listener listener) {
        OutputWriter output = new OutputWriter(name, target, maxBytes, listener);
        output.writer.start();
        return output;
    }

    /** Queues {@code lines}, which must end with a line feed and must not be modified afterwards. Never blocks. */
    void write(byte[] lines) {
        synchronized (this) {
            if (!closed && waitingBytes + lines.length <= maxBytes) {
                waiting.add(lines);
                waitingBytes += lines.length;
                notifyAll();
                return;
            }
        }
        lose(maxBytes / 1024 + " KiB are queued and its reader does not read");
    }

    /** Returns the number of lines lost so far. */
    synchronized long dropped() {
        return dropped;
    }

    private void lose(String why) {
        boolean first;
        synchronized (this) {
            dropped++;
            first = lost++ == 0;
            lostAt = System.nanoTime();
            writtenSince = false;
        }
        if (first) {
            listener.failed(why);
        }
    }

    private void run() {
        try {
            byte[] line = next();
            while (line != null) {
                if (line.length > 0) {
                    write(line, ByteBuffer.wrap(line));
                }
                endEpisode();
                line = next();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Returns the next line, an empty one after a timeout, or null at the end. */
    private synchronized byte @Nullable [] next() throws InterruptedException {
        long end = System.nanoTime() + WAKE_NANOS;
        for (long left = WAKE_NANOS; waiting.isEmpty() && !closed && left > 0; left = end - System.nanoTime()) {
            TimeUnit.NANOSECONDS.timedWait(this, left);
        }
        byte[] line = waiting.poll();
        if (line != null) {
            waitingBytes -= line.length;
            return line;
        }
        return closed ? null : new byte[0];
    }

    private void write(byte[] line, ByteBuffer rest) throws InterruptedException {
        try {
            if (isLineOpen) {
                writeAll(ByteBuffer.wrap(new byte[] {'\n'}));
                isLineOpen = false;
            }
            writeAll(rest);
        } catch (IOException e) {
            isLineOpen |= rest.position() > 0 && line[rest.position() - 1] != '\n';
            lose(String.valueOf(e.getMessage()));
            return;
        }
        synchronized (this) {
            writtenSince = true;
        }
    }

    /** Another process may have set O_NONBLOCK on a shared terminal or pipe; then a write can return 0. */
    private void writeAll(ByteBuffer bytes) throws IOException, InterruptedException {
        while (bytes.hasRemaining()) {
            if (target.write(bytes) == 0) {
                Thread.sleep(RETRY_MILLIS);
            }
        }
    }

    private void endEpisode() {
        long ended;
        synchronized (this) {
            if (lost == 0 || !writtenSince || System.nanoTime() - lostAt < QUIET_NANOS) {
                return;
            }
            ended = lost;
            lost = 0;
        }
        listener.recovered(ended);
    }

    /** Writes the queued lines, for at most two seconds. The rest counts as lost. */
    @Override
    public void close() {
        synchronized (this) {
            closed = true;
            notifyAll();
        }
        try {
            if (Thread.currentThread().equals(writer)) {
                // The writer failed; its last line reports the cause.
                run();
            } else {
                writer.join(CLOSE_MILLIS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        int left;
        boolean first;
        synchronized (this) {
            // The line that is being written is lost as well.
            left = waiting.size() + (writer.isAlive() ? 1 : 0);
            first = lost == 0 && left > 0;
            dropped += left;
            lost += left;
            waiting.clear();
            waitingBytes = 0;
        }
        if (first) {
            listener.failed(left + " lines were still queued at the end, and its reader did not read");
        }
    }
}

package dev.throughline.report;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Lines on their way to standard output or standard error. A thread of its own writes them, so that a reader who stops
 * reading, a full file system and a closed pipe hold up nobody. The queue is bounded in bytes. A line that doesn't fit, and
 * one that can't be written, is lost and counted; the first one begins an episode, which ends when lines have been written
 * again for {@link #QUIET_NANOS}. After a line that was cut short the next one begins on a line of its own.
 */
final class OutputWriter implements AutoCloseable {
    /** Shorter pauses between losses belong to one episode, or a disk that is nearly full would be reported without end. */
    static final long QUIET_NANOS = TimeUnit.SECONDS.toNanos(1);

    private static final long WAKE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final int RETRY_MILLIS = 10;
    private static final int CLOSE_MILLIS = 2_000;

    /** Who is notified of episodes: on any thread, and without locks. */
    interface Listener {
        /** The first line of an episode is lost. */
        void failed(String why);

        /** The episode is over, in which {@code lost} lines were lost. */
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
    /** Of the episode; 0 if there is none. */
    private long lost;

    private long lostAt;
    private boolean writtenSince;
    /** Used by the writer alone. */
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
     * @param name of its thread
     * @param target must not be closed by others; one whose write returns 0 is asked again
     * @param maxBytes that may wait
     */
    static OutputWriter start(String name, WritableByteChannel target, int maxBytes, Listener listener) {
        OutputWriter output = new OutputWriter(name, target, maxBytes, listener);
        output.writer.start();
        return output;
    }

    /** Queues {@code lines}, which end with a line feed and are not changed any more. Never waits. */
    void write(byte[] lines) {
        synchronized (this) {
            if (!closed && waitingBytes + lines.length <= maxBytes) {
                waiting.add(lines);
                waitingBytes += lines.length;
                notifyAll();
                return;
            }
        }
        lose(maxBytes / 1024 + " KiB wait for a reader who takes none");
    }

    /** How many lines were lost so far. */
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

    /** The next line, an empty one if there is none for a while, or null after the last one. */
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

    /** A descriptor that somebody else has set to O_NONBLOCK (a terminal or pipe can be shared) takes nothing at times. */
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

    /** Writes what waits, as far as it is taken within two seconds. What isn't counts as lost. */
    @Override
    public void close() {
        synchronized (this) {
            closed = true;
            notifyAll();
        }
        try {
            if (Thread.currentThread().equals(writer)) {
                // It is dying, and what killed it is the last line.
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
            // The one that the writer has in its hands is lost as well.
            left = waiting.size() + (writer.isAlive() ? 1 : 0);
            first = lost == 0 && left > 0;
            dropped += left;
            lost += left;
            waiting.clear();
            waitingBytes = 0;
        }
        if (first) {
            listener.failed(left + " lines were left at the end, and nobody took them");
        }
    }
}

package dev.throughline.report;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * An asynchronous writer of lines to standard output or standard error. A dedicated thread writes them, so a slow
 * reader, a full file system or a closed pipe blocks no caller. It wakes up once for each batch of lines. The queue is
 * bounded in bytes. A batch that doesn't fit, or a line that can't be written, is lost and counted by lines. The first
 * loss starts an episode, which ends when lines have been written again for {@link #QUIET_NANOS}. After a partly written
 * line, the next one starts on a new line. Lines are written together as far as the kernel doesn't mix them with the writes of others.
 */
final class OutputWriter implements AutoCloseable {
    /**
     * Losses with shorter pauses between them belong to one episode; otherwise a nearly full disk would be reported
     * continuously.
     */
    static final long QUIET_NANOS = TimeUnit.SECONDS.toNanos(1);

    /**
     * PIPE_BUF (pipe(7)): the kernel doesn't mix a write of this size with those of others, such as messages to the same pipe. A longer
     * line is written alone.
     */
    static final int PIPE_BYTES = 4096;

    /** For files and terminals. The kernel doesn't mix writes to them, which are therefore as large as possible. */
    static final int WHOLE_BATCH = Integer.MAX_VALUE;

    /** Types of files in st_mode (inode(7)). */
    private static final int TYPE_BITS = 0xF000;

    private static final int FIFO = 0x1000;
    private static final int SOCKET = 0xC000;

    private static final int MAX_SPARE = 4;
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

    /** Complete lines, each with its line feed. */
    private static final class Batch {
        private final byte[] bytes;
        /** The ends of the lines. A message that is one line here may have further line feeds. */
        private final int[] ends;
        /** Whether {@code bytes} can be used again. */
        private final boolean isOwned;

        Batch(byte[] bytes, int[] ends, boolean isOwned) {
            this.bytes = bytes;
            this.ends = ends;
            this.isOwned = isOwned;
        }

        int start(int line) {
            return line == 0 ? 0 : ends[line - 1];
        }

        /** Returns the end of the lines that are written together with {@code line}: as many as have {@code maxBytes}, or it alone. */
        int endOfWrite(int line, int maxBytes) {
            int last = line;
            while (last + 1 < ends.length && ends[last + 1] - start(line) <= maxBytes) {
                last++;
            }
            return ends[last];
        }

        /** Returns the number of the first line from {@code line} on that doesn't end before {@code position}. */
        int lineAt(int position, int line) {
            int at = line;
            while (at < ends.length && ends[at] <= position) {
                at++;
            }
            return at;
        }
    }

    private final WritableByteChannel target;
    private final int maxBytes;
    private final int maxWriteBytes;
    private final Listener listener;
    private final Thread writer;
    private final Deque<Batch> waiting = new ArrayDeque<>();
    /** Arrays of batches that were written. */
    private final Deque<byte[]> spare = new ArrayDeque<>();

    private int waitingBytes;
    /** Lines of the batch that is being written, as far as they are not lost. */
    private int writing;

    private boolean closed;
    private long dropped;
    /** Start of the current episode; 0 if there is none. */
    private long lost;

    private long lostAt;
    private boolean writtenSince;
    /** Used by the writer thread only. */
    private boolean isLineOpen;

    private OutputWriter(String name, WritableByteChannel target, int maxBytes, int maxWriteBytes, Listener listener) {
        this.target = target;
        this.maxBytes = maxBytes;
        this.maxWriteBytes = maxWriteBytes;
        this.listener = listener;
        this.writer = Thread.ofPlatform().name(name).daemon().unstarted(this::run);
    }

    /**
     * Starts a writer.
     *
     * @param name name of the thread
     * @param target must not be closed by others; a write that returns 0 is retried
     * @param maxBytes maximum size of the queue
     * @param maxWriteBytes maximum size of a write of several lines, as {@link #maxWriteBytes} returns it
     */
    static OutputWriter start(
            String name, WritableByteChannel target, int maxBytes, int maxWriteBytes, Listener listener) {
        OutputWriter output = new OutputWriter(name, target, maxBytes, maxWriteBytes, listener);
        output.writer.start();
        return output;
    }

    /**
     * Returns the maximum size of a write of several lines that the kernel doesn't mix with other writes.
     *
     * @param descriptor an open descriptor of this process, such as {@code /dev/fd/1}
     * @return {@link #PIPE_BYTES} for a pipe or a socket, and if the type isn't known
     */
    static int maxWriteBytes(Path descriptor) {
        try {
            int type = (int) Files.getAttribute(descriptor, "unix:mode") & TYPE_BITS;
            return type == FIFO || type == SOCKET ? PIPE_BYTES : WHOLE_BATCH;
        } catch (IOException | UnsupportedOperationException e) {
            return PIPE_BYTES;
        }
    }

    /** Queues one line, which ends with a line feed and must not be modified afterwards. Never blocks. */
    void write(byte[] line) {
        write(line, new int[] {line.length});
    }

    /**
     * Queues lines, each with its line feed. Neither array may be modified afterwards. Never blocks.
     *
     * @param ends the ends of the lines in {@code lines}
     */
    void write(byte[] lines, int[] ends) {
        if (!add(new Batch(lines, ends, false))) {
            loseUnqueued(ends.length);
        }
    }

    /**
     * Queues lines as {@link #write(byte[], int[])} does, in an array that may be larger and that the writer keeps. Never blocks.
     *
     * @param lines an array of the same size for all calls
     * @return another array of that size, with any content, or the same one if the lines are lost
     */
    byte[] exchange(byte[] lines, int[] ends) {
        if (!add(new Batch(lines, ends, true))) {
            loseUnqueued(ends.length);
            return lines;
        }
        byte[] next = takeSpare();
        return next == null ? new byte[lines.length] : next;
    }

    /** Returns whether there is space for a batch, which is then queued. */
    private synchronized boolean add(Batch batch) {
        if (closed || waitingBytes + batch.bytes.length > maxBytes) {
            return false;
        }
        waiting.add(batch);
        waitingBytes += batch.bytes.length;
        notifyAll();
        return true;
    }

    private synchronized byte @Nullable [] takeSpare() {
        return spare.poll();
    }

    private synchronized void addSpare(byte[] array) {
        if (spare.size() < MAX_SPARE) {
            spare.add(array);
        }
    }

    /** Returns the number of lines lost so far. */
    synchronized long dropped() {
        return dropped;
    }

    private void loseUnqueued(int count) {
        lose(count, maxBytes / 1024 + " KiB are queued and its reader does not read");
    }

    private void lose(int count, String why) {
        boolean first;
        synchronized (this) {
            dropped += count;
            first = lost == 0;
            lost += count;
            lostAt = System.nanoTime();
            writtenSince = false;
            notifyAll();
        }
        if (first) {
            listener.failed(why);
        }
    }

    private void run() {
        try {
            while (awaitBatch()) {
                Batch batch = next();
                if (batch != null) {
                    write(batch);
                    if (batch.isOwned) {
                        addSpare(batch.bytes);
                    }
                }
                endEpisode();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * Waits for a batch. During an episode it waits for at most {@link #WAKE_NANOS}.
     *
     * @return false at the end
     */
    private synchronized boolean awaitBatch() throws InterruptedException {
        long end = System.nanoTime() + WAKE_NANOS;
        long left = WAKE_NANOS;
        while (waiting.isEmpty() && !closed && left > 0) {
            if (lost == 0) {
                wait();
            } else {
                TimeUnit.NANOSECONDS.timedWait(this, left);
                left = end - System.nanoTime();
            }
        }
        return !waiting.isEmpty() || !closed;
    }

    private synchronized @Nullable Batch next() {
        Batch batch = waiting.poll();
        if (batch != null) {
            waitingBytes -= batch.bytes.length;
            writing = batch.ends.length;
        }
        return batch;
    }

    /** Writes all lines of {@code batch}. A line that can't be written is lost, and the next one is tried. */
    private void write(Batch batch) throws InterruptedException {
        ByteBuffer bytes = ByteBuffer.wrap(batch.bytes);
        int line = 0;
        while (line < batch.ends.length) {
            bytes.limit(batch.endOfWrite(line, maxWriteBytes));
            try {
                if (isLineOpen) {
                    endLine();
                }
                writeSome(bytes);
                int next = batch.lineAt(bytes.position(), line);
                if (next > line) {
                    line = next;
                    setWriting(batch.ends.length - line);
                }
            } catch (IOException e) {
                isLineOpen |= bytes.position() > batch.start(line);
                line++;
                bytes.limit(batch.start(line)).position(batch.start(line));
                setWriting(batch.ends.length - line);
                lose(1, String.valueOf(e.getMessage()));
            }
        }
    }

    private synchronized void setWriting(int lines) {
        writing = lines;
        writtenSince = true;
    }

    private void endLine() throws IOException, InterruptedException {
        ByteBuffer lineFeed = ByteBuffer.wrap(new byte[] {'\n'});
        while (lineFeed.hasRemaining()) {
            writeSome(lineFeed);
        }
        isLineOpen = false;
    }

    /** Another process may have set O_NONBLOCK on a shared terminal or pipe; then a write can return 0. */
    private void writeSome(ByteBuffer bytes) throws IOException, InterruptedException {
        if (target.write(bytes) == 0) {
            Thread.sleep(RETRY_MILLIS);
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
            // The lines that are being written are lost as well.
            left = waiting.stream().mapToInt(batch -> batch.ends.length).sum() + writing;
            writing = 0;
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

package dev.throughline.report;

import java.util.Arrays;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Lines of JSON that wait to be handed to the writer together: until they have {@link #FULL_BYTES}, or {@link #MAX_NANOS} after the
 * first. The buffer of an event loop has a timer on that loop, which runs only while lines wait: an idle hop wakes up nobody.
 * Thread-safe, so that another thread can flush it at the end; otherwise only the loop uses it.
 */
final class LineBuffer {
    static final int FULL_BYTES = 32 << 10;
    static final long MAX_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    /** Enough for another line when the buffer is almost full. */
    private static final int CAPACITY = FULL_BYTES + (8 << 10);

    private static final int INITIAL_LINES = 64;

    private final OutputWriter output;
    /** Without a loop, no line waits. */
    private final @Nullable ScheduledExecutorService loop;

    private final Utf8Buffer text = new Utf8Buffer(CAPACITY);
    private final Json json = Json.ofMany(text);
    private int[] ends = new int[INITIAL_LINES];
    private int lines;
    private long firstNanos;
    private boolean hasTimer;

    LineBuffer(OutputWriter output, @Nullable ScheduledExecutorService loop) {
        this.output = output;
        this.loop = loop;
    }

    /** Adds one line, an object with {@code members}. If they throw, nothing is added. */
    synchronized void add(Consumer<Json> members) {
        text.truncate(lines == 0 ? 0 : ends[lines - 1]);
        json.write(members);
        text.ascii('\n');
        if (lines == 0) {
            firstNanos = System.nanoTime();
        } else if (lines == ends.length) {
            ends = Arrays.copyOf(ends, 2 * lines);
        }
        ends[lines++] = text.length();
        if (loop == null || text.length() >= FULL_BYTES || !startTimer(loop, MAX_NANOS)) {
            flush();
        }
    }

    /** Hands all lines to the writer. */
    synchronized void flush() {
        if (lines > 0) {
            int[] endsOfLines = Arrays.copyOf(ends, lines);
            if (text.capacity() == CAPACITY && ends[lines - 1] > CAPACITY / 2) {
                text.replace(output.exchange(text.array(), endsOfLines));
            } else {
                // Few lines don't keep a large array while they wait in the queue.
                output.write(text.copyOf(ends[lines - 1]), endsOfLines);
                text.clear(CAPACITY);
            }
            lines = 0;
        }
    }

    /** Returns whether the timer runs; not if the loop is ending. */
    private boolean startTimer(ScheduledExecutorService timer, long nanos) {
        if (!hasTimer) {
            try {
                timer.schedule(this::onTimer, nanos, TimeUnit.NANOSECONDS);
                hasTimer = true;
            } catch (RejectedExecutionException isEnding) {
                return false;
            }
        }
        return true;
    }

    /** Flushes, unless the buffer was full and flushed since the timer started: then it starts again for the line that is now first. */
    private synchronized void onTimer() {
        hasTimer = false;
        if (lines == 0) {
            return;
        }
        long left = firstNanos + MAX_NANOS - System.nanoTime();
        if (left <= 0 || loop == null || !startTimer(loop, left)) {
            flush();
        }
    }
}

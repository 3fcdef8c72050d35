package dev.throughline.report;

import dev.throughline.flow.CloseResult;
import dev.throughline.flow.FlowEvents;
import dev.throughline.flow.FlowView;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The flow log: one JSON line on standard output when a flow closes and, by choice, one when it opens. An event loop writes its lines
 * into its own {@link LineBuffer}; a thread writes full or old buffers to standard output. Standard output never blocks a flow:
 * lines that can't be written are dropped and counted. The lines of one loop are in the order of their events; those of different
 * loops may differ from it by {@link LineBuffer#MAX_NANOS}.
 */
public final class FlowLog implements FlowEvents, AutoCloseable {
    /** About 16,000 lines. */
    static final int MAX_BYTES = 16 << 20;

    private static final Path STANDARD_OUTPUT = Path.of("/dev/fd/1");

    private static final Logger LOG = LoggerFactory.getLogger(FlowLog.class);

    /** The log of problems of standard output. */
    private static final class Episodes implements OutputWriter.Listener {
        @Override
        public void failed(String why) {
            LOG.warn(
                    "flow log: losing lines (throughline_log_dropped_total), standard output: {}"
                            + " (free space, or restart its reader; the hop continues)",
                    why);
        }

        @Override
        public void recovered(long lost) {
            LOG.warn("flow log: standard output is writable again, lines lost: {}", lost);
        }
    }

    /**
     * A line for the buffer: of a flow that closed, or without {@code ending}, that opened. A class, because a lambda costs more without
     * the optimizing compiler.
     */
    private static final class Line implements Consumer<Json> {
        private final FlowJson json;
        private final FlowView flow;
        private final @Nullable CloseResult ending;

        Line(FlowJson json, FlowView flow, @Nullable CloseResult ending) {
            this.json = json;
            this.flow = flow;
            this.ending = ending;
        }

        @Override
        public void accept(Json out) {
            if (ending == null) {
                json.opened(out, flow);
            } else {
                json.closed(out, flow, ending);
            }
        }
    }

    private final FlowJson json;
    private final boolean openLines;
    private final OutputWriter output;
    private final List<LineBuffer> buffers = new CopyOnWriteArrayList<>();
    private final ThreadLocal<LineBuffer> ofThread;

    private FlowLog(FlowJson json, boolean openLines, OutputWriter output) {
        this.json = json;
        this.openLines = openLines;
        this.output = output;
        LineBuffer ofOtherThreads = new LineBuffer(output, null);
        this.ofThread = ThreadLocal.withInitial(() -> ofOtherThreads);
    }

    /**
     * Starts a log on standard output.
     *
     * @param openLines whether it has a line for each flow that opens
     */
    public static FlowLog start(FlowJson json, boolean openLines) {
        // A channel returns how much of a line was written; a stream doesn't.
        return start(
                json,
                openLines,
                new FileOutputStream(FileDescriptor.out).getChannel(),
                OutputWriter.maxWriteBytes(STANDARD_OUTPUT));
    }

    /** Starts a log on {@code target}, which must not be closed by others, and which may be a pipe. */
    public static FlowLog start(FlowJson json, boolean openLines, WritableByteChannel target) {
        return start(json, openLines, target, OutputWriter.PIPE_BYTES);
    }

    private static FlowLog start(FlowJson json, boolean openLines, WritableByteChannel target, int maxWriteBytes) {
        return new FlowLog(
                json, openLines, OutputWriter.start("flow-log", target, MAX_BYTES, maxWriteBytes, new Episodes()));
    }

    /** Gives each event loop a buffer. Must be called before their flows start; lines of other threads don't wait. */
    public void addLoops(Iterable<? extends ScheduledExecutorService> loops) {
        for (ScheduledExecutorService loop : loops) {
            LineBuffer buffer = new LineBuffer(output, loop);
            buffers.add(buffer);
            loop.execute(() -> ofThread.set(buffer));
        }
    }

    @Override
    public void opened(Supplier<FlowView> flow) {
        if (openLines) {
            ofThread.get().add(new Line(json, flow.get(), null));
        }
    }

    @Override
    public void closed(FlowView flow, CloseResult ending) {
        ofThread.get().add(new Line(json, flow, ending));
    }

    /** Returns the number of lines lost so far. */
    public long dropped() {
        return output.dropped();
    }

    /** Writes the remaining lines, for at most two seconds. Any thread may call, also while event loops run. */
    @Override
    public void close() {
        buffers.forEach(LineBuffer::flush);
        output.close();
    }
}

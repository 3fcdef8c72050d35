package dev.throughline.report;

import dev.throughline.flow.CloseResult;
import dev.throughline.flow.FlowEvents;
import dev.throughline.flow.FlowView;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The flow log: one JSON line on standard output when a flow opens and one when it closes. Standard output never blocks
 * a flow: lines that can't be written are dropped and counted.
 */
public final class FlowLog implements FlowEvents, AutoCloseable {
    /** About 16,000 lines. */
    static final int MAX_BYTES = 16 << 20;

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

    private final FlowJson json;
    private final OutputWriter output;

    private FlowLog(FlowJson json, OutputWriter output) {
        this.json = json;
        this.output = output;
    }

    /** Starts a log on standard output. */
    public static FlowLog start(FlowJson json) {
        // A channel returns how much of a line was written; a stream doesn't.
        return start(json, new FileOutputStream(FileDescriptor.out).getChannel());
    }

    static FlowLog start(FlowJson json, WritableByteChannel target) {
        return new FlowLog(json, OutputWriter.start("flow-log", target, MAX_BYTES, new Episodes()));
    }

    @Override
    public void opened(FlowView flow) {
        write(json.opened(flow));
    }

    @Override
    public void closed(FlowView flow, CloseResult ending) {
        write(json.closed(flow, ending));
    }

    private void write(String line) {
        output.write((line + "\n").getBytes(StandardCharsets.UTF_8));
    }

    /** Returns the number of lines lost so far. */
    public long dropped() {
        return output.dropped();
    }

    /** Writes the remaining lines, for at most two seconds. */
    @Override
    public void close() {
        output.close();
    }
}

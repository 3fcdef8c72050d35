package dev.throughline.report;

import dev.throughline.flow.Ending;
import dev.throughline.flow.FlowEvents;
import dev.throughline.flow.FlowView;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The flow log: one JSON line when a flow stands and one when it is over. Lines are written by a thread of their own, so
 * that a reader of standard output who stops reading stops no flow; when 65,536 lines wait for him, further ones are
 * dropped and counted.
 */
public final class FlowLog implements FlowEvents, AutoCloseable {
    /** The logger whose messages are whole JSON lines. */
    public static final String LOGGER = "throughline.flow";

    private static final Logger LOG = LoggerFactory.getLogger(LOGGER);
    private static final int MOST_WAITING = 65_536;
    private static final int SECONDS_TO_WRITE_THE_REST = 2;

    private final FlowJson json;
    private final BlockingQueue<String> waiting = new ArrayBlockingQueue<>(MOST_WAITING);
    private final LongAdder dropped = new LongAdder();
    private final Thread writer = Thread.ofPlatform().name("flow-log").daemon().unstarted(this::write);
    private volatile boolean closed;

    private FlowLog(FlowJson json) {
        this.json = json;
    }

    /** A log that writes. */
    public static FlowLog start(FlowJson json) {
        FlowLog log = new FlowLog(json);
        log.writer.start();
        return log;
    }

    @Override
    public void opened(FlowView flow) {
        add(json.opened(flow));
    }

    @Override
    public void closed(FlowView flow, Ending ending) {
        add(json.closed(flow, ending));
    }

    /** Lines that were dropped, since nobody took the ones ahead of them. */
    public long dropped() {
        return dropped.sum();
    }

    private void add(String line) {
        if (!waiting.offer(line)) {
            dropped.increment();
        }
    }

    private void write() {
        try {
            while (!closed || !waiting.isEmpty()) {
                String line = waiting.poll(100, TimeUnit.MILLISECONDS);
                if (line != null) {
                    LOG.info(line);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Writes what is left, as far as it is taken in time. */
    @Override
    public void close() {
        closed = true;
        try {
            writer.join(TimeUnit.SECONDS.toMillis(SECONDS_TO_WRITE_THE_REST));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

package dev.throughline.report;

import dev.throughline.flow.Ending;
import dev.throughline.flow.FlowEvents;
import dev.throughline.flow.FlowView;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The flow log: one JSON line when a flow stands and one when it is over. */
public final class FlowLog implements FlowEvents {
    /** The logger whose messages are whole JSON lines. */
    public static final String LOGGER = "throughline.flow";

    private static final Logger LOG = LoggerFactory.getLogger(LOGGER);

    private final FlowJson json;

    public FlowLog(FlowJson json) {
        this.json = json;
    }

    @Override
    public void opened(FlowView flow) {
        LOG.info(json.opened(flow));
    }

    @Override
    public void closed(FlowView flow, Ending ending) {
        LOG.info(json.closed(flow, ending));
    }
}

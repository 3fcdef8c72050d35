package dev.throughline.flow;

import dev.throughline.chain.Verification;
import dev.throughline.policy.Decision;
import java.util.List;
import java.util.function.Supplier;

/** Listener of flow events: the log, the metrics. Called on the flow's event loop; must not block. */
public interface FlowEvents {
    /** Notifies that a flow is open: both connections are open, and the header, if any, is signed and is written next. */
    void opened(Supplier<FlowView> flow);

    /** Notifies that a header was verified or rejected. */
    default void verified(Verification verification) {}

    /** Notifies that the policy has decided about a flow. */
    default void decided(Decision decision) {}

    /** Notifies that a flow is closed. Called exactly once for every accepted connection. */
    void closed(FlowView flow, CloseResult ending);

    /** Returns a listener that notifies all {@code listeners}. */
    static FlowEvents all(List<FlowEvents> listeners) {
        return new All(listeners.toArray(new FlowEvents[0]));
    }

    /** Several listeners. Plain loops, because lambdas cost more without the optimizing compiler. */
    final class All implements FlowEvents {
        private final FlowEvents[] listeners;

        private All(FlowEvents[] listeners) {
            this.listeners = listeners;
        }

        @Override
        public void opened(Supplier<FlowView> flow) {
            for (FlowEvents listener : listeners) {
                listener.opened(flow);
            }
        }

        @Override
        public void verified(Verification verification) {
            for (FlowEvents listener : listeners) {
                listener.verified(verification);
            }
        }

        @Override
        public void decided(Decision decision) {
            for (FlowEvents listener : listeners) {
                listener.decided(decision);
            }
        }

        @Override
        public void closed(FlowView flow, CloseResult ending) {
            for (FlowEvents listener : listeners) {
                listener.closed(flow, ending);
            }
        }
    }
}

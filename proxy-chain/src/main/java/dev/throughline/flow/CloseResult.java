package dev.throughline.flow;

import dev.throughline.relay.RelayResult;

/**
 * The result of a flow.
 *
 * @param detail what was found and what was expected; empty if the reason says everything
 */
public record CloseResult(CloseReason reason, String detail) {
    static CloseResult of(RelayResult end) {
        return new CloseResult(CloseReason.of(end), "");
    }

    static CloseResult of(FlowRejectedException rejected) {
        return new CloseResult(rejected.reason(), rejected.detail());
    }

    /** Returns the result for a flow that ends in {@code stage}, before any byte was relayed. */
    static CloseResult during(FlowView.Stage stage, CloseReason reason) {
        return new CloseResult(reason, "while " + stage);
    }
}

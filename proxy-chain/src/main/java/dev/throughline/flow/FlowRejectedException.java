package dev.throughline.flow;

/** Thrown by a stage that rejects the flow. */
public class FlowRejectedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final CloseReason reason;

    /** Creates an exception with {@code detail} for the log: what was found and what was expected. */
    public FlowRejectedException(CloseReason reason, String detail) {
        super(detail, null, false, false);
        this.reason = reason;
    }

    public final CloseReason reason() {
        return reason;
    }

    public final String detail() {
        return String.valueOf(getMessage());
    }
}

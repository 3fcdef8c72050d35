package dev.throughline.relay;

/** Why a relay ended. */
public enum RelayResult {
    /** Both sides ended their output, and each side's kernel acknowledged all bytes for it and the end after them. */
    COMPLETED,
    /** The side that opened the flow reset it, or isn't there any more. */
    INBOUND_RESET,
    /** The side that the flow was opened to reset it, or isn't there any more. */
    OUTBOUND_RESET,
    /** The side that opened the flow stopped answering: no acknowledgement of bytes or keepalive probes came in time. */
    INBOUND_TIMEOUT,
    /** The side that the flow was opened to stopped answering. */
    OUTBOUND_TIMEOUT,
    /** No byte moved for the idle timeout. */
    IDLE,
    /** One side had ended its output, and no byte moved for the half-closed timeout. */
    HALF_CLOSED,
    /** No memory was left to read into, which is no fault of either side. */
    NO_MEMORY,
    /** This hop gave it up. */
    ABORTED
}

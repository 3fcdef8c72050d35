package dev.throughline.relay;

/** The reason for which a relay ended. */
public enum RelayResult {
    /** Both sides ended their output, and each peer's kernel acknowledged all bytes and the end. */
    COMPLETED,
    /** The side that opened the flow reset it or no longer exists. */
    INBOUND_RESET,
    /** The other side reset it or no longer exists. */
    OUTBOUND_RESET,
    /** The side that opened the flow stopped answering: bytes or keepalive probes were not acknowledged in time. */
    INBOUND_TIMEOUT,
    /** The other side stopped answering. */
    OUTBOUND_TIMEOUT,
    /** No byte moved for the idle timeout. */
    IDLE,
    /** One side had ended its output, and no byte moved for the half-closed timeout. */
    HALF_CLOSED,
    /** No memory was left to read into. */
    NO_MEMORY,
    /** This hop aborted it. */
    ABORTED
}

package dev.throughline.relay;

/** Why a relay ended. */
public enum RelayEnd {
    /** Both sides closed their write side and everything was delivered. */
    COMPLETED,
    /** The side that opened the flow reset it or vanished. */
    INBOUND_RESET,
    /** The side that the flow was opened to reset it or vanished. */
    OUTBOUND_RESET,
    /** No byte moved for the idle timeout. */
    IDLE,
    /** This hop gave it up. */
    ABORTED
}

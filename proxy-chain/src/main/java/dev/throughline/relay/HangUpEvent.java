package dev.throughline.relay;

/**
 * The kernel's EPOLLHUP (epoll_ctl(2)) as a user event of the channel: both directions of a connection are shut down, or it no
 * longer exists. Netty doesn't report it. It is sent once for each change of state, also when reading is off.
 */
public enum HangUpEvent {
    /** The only instance. */
    INSTANCE
}

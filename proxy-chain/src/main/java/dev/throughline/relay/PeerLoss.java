package dev.throughline.relay;

import io.netty.channel.unix.Errors;
import java.util.Set;

/** How a connection was lost. */
public enum PeerLoss {
    /** The other end reset it, or isn't there any more. */
    RESET,
    /** The other end stopped answering, or can't be reached any more: no acknowledgement of bytes or keepalive probes came. */
    TIMEOUT;

    /** ENETDOWN, ENETUNREACH, ETIMEDOUT, EHOSTDOWN and EHOSTUNREACH (asm-generic/errno.h): what the kernel gives up with. */
    private static final Set<Integer> GIVEN_UP = Set.of(100, 101, 110, 112, 113);

    /** Returns how a connection was lost on which reading or writing failed with {@code cause}. */
    public static PeerLoss of(Throwable cause) {
        return cause instanceof Errors.NativeIoException failed && GIVEN_UP.contains(-failed.expectedErr())
                ? TIMEOUT
                : RESET;
    }
}

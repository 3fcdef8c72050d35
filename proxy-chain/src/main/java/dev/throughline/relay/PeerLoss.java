package dev.throughline.relay;

import dev.throughline.engine.ErrnoException;
import io.netty.channel.unix.Errors;
import java.util.Set;

/** The way in which a connection was lost. */
public enum PeerLoss {
    /** The peer reset it or no longer exists. */
    RESET,
    /** The peer stopped answering or became unreachable: bytes or keepalive probes were not acknowledged. */
    TIMEOUT;

    /** ENETDOWN, ENETUNREACH, ETIMEDOUT, EHOSTDOWN and EHOSTUNREACH (asm-generic/errno.h): the kernel gave up. */
    private static final Set<Integer> GIVEN_UP = Set.of(100, 101, 110, 112, 113);

    /** Returns how a connection was lost whose read or write failed with {@code cause}. */
    public static PeerLoss of(Throwable cause) {
        int errno = switch (cause) {
            case ErrnoException failed -> failed.errno();
            case Errors.NativeIoException failed -> -failed.expectedErr();
            default -> 0;
        };
        return GIVEN_UP.contains(errno) ? TIMEOUT : RESET;
    }
}

package dev.throughline.flow;

import com.google.common.collect.ImmutableSet;
import dev.throughline.transport.SystemError;

/**
 * The reaction to failures of accept(2) on the sockets of one listener, which share an event loop. When no file descriptor is left,
 * pending connections are reset, since they can't be served; otherwise accepting pauses for a moment.
 */
public final class AcceptFailures {
    /** The kernel reports a pending connection again at once, which would keep the loop busy without a pause. */
    public static final int PAUSE_MILLIS = 100;

    private static final int MAX_REFUSED_AT_ONCE = 64;

    /** EPERM, EINTR, ENONET, EPROTO, ENOPROTOOPT, EOPNOTSUPP, ENETDOWN, ENETUNREACH, ECONNABORTED, EHOSTDOWN, EHOSTUNREACH. */
    private static final ImmutableSet<Integer> OF_ONE_CONNECTION =
            ImmutableSet.of(SystemError.EPERM, SystemError.EINTR, 64, 71, 92, 95, 100, 101, 103, 112, 113);

    private final String listener;
    private final HostShortages shortages;
    private final SpareDescriptor spare = new SpareDescriptor();

    /** Creates it for {@code listener}, its name in the log. */
    public AcceptFailures(String listener, HostShortages shortages) {
        this.listener = listener;
        this.shortages = shortages;
    }

    /** Handles a failure. Returns whether accepting must pause for {@link #PAUSE_MILLIS}. */
    public boolean needsPause(Throwable cause, SpareDescriptor.Refusal refusal) {
        int errno = SystemError.of(cause).orElse(0);
        // Errors that are pending on one connection (accept(2), "Error handling") do not concern the next one.
        if (OF_ONE_CONNECTION.contains(errno)) {
            return false;
        }
        if (!SystemError.isOfDescriptors(errno)) {
            shortages.accept(listener, errno == 0 ? String.valueOf(cause) : SystemError.shortage(errno));
            return true;
        }
        if (refuse(refusal, SystemError.shortage(errno)) == SpareDescriptor.Result.NO_DESCRIPTOR) {
            shortages.accept(listener, SystemError.shortage(errno));
            return true;
        }
        return false;
    }

    /** Resets pending connections. Returns the last result. */
    private SpareDescriptor.Result refuse(SpareDescriptor.Refusal refusal, String why) {
        SpareDescriptor.Result last = SpareDescriptor.Result.REFUSED;
        for (int i = 0; i < MAX_REFUSED_AT_ONCE && last == SpareDescriptor.Result.REFUSED; i++) {
            last = spare.refuseOne(refusal);
            if (last == SpareDescriptor.Result.REFUSED) {
                shortages.accept(listener, why);
            }
        }
        return last;
    }
}

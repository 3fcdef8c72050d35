package dev.throughline.identify;

import dev.throughline.platform.linux.PidFd;
import java.io.IOException;
import java.util.Optional;

/**
 * Who connected to a Unix socket, as the kernel recorded it at connect(2) (SO_PEERCRED, unix(7)).
 *
 * @param pid its process; 0 if it is in a pid namespace that can't be seen from here
 * @param uid its effective user
 * @param handle opens the kernel's handle of that very process
 */
public record UnixPeer(int pid, int uid, Handle handle) {
    /** Asks the kernel for a handle (SO_PEERPIDFD). */
    public interface Handle {
        /**
         * Returns the handle, which the caller closes; empty if the kernel has none.
         *
         * @throws IOException if the process has ended
         */
        Optional<PidFd> open() throws IOException;
    }
}

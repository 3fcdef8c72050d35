package dev.throughline.identify;

import dev.throughline.platform.linux.PidFd;
import java.io.IOException;
import java.util.Optional;

/**
 * The process that connected to a Unix socket, as the kernel recorded it at connect(2) (SO_PEERCRED, unix(7)).
 *
 * @param pid process id; 0 if it is in a pid namespace that isn't visible from here
 * @param uid effective user id
 * @param handle opens the kernel's handle of this process
 */
public record UnixPeer(int pid, int uid, Handle handle) {
    /** A source for the kernel's handle (SO_PEERPIDFD). */
    public interface Handle {
        /**
         * Returns the handle, which the caller closes; empty if the kernel has none.
         *
         * @throws IOException if the process has ended
         */
        Optional<PidFd> open() throws IOException;
    }
}

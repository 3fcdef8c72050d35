package dev.throughline.platform.linux;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The usage of the connection tracking table of this network namespace (/proc/sys/net/netfilter). When it is full, the
 * kernel drops the first packet of every new connection, captured or not.
 *
 * @param entries connections and datagram exchanges of this namespace
 * @param capacity nf_conntrack_max
 */
public record ConntrackUsage(long entries, long capacity) {
    private static final Path FOLDER = Path.of("/proc/sys/net/netfilter");

    /** Returns the current usage; empty if nothing is tracked. */
    public static Optional<ConntrackUsage> now() {
        return of(FOLDER);
    }

    static Optional<ConntrackUsage> of(Path folder) {
        try {
            return Optional.of(new ConntrackUsage(
                    number(folder.resolve("nf_conntrack_count")), number(folder.resolve("nf_conntrack_max"))));
        } catch (IOException | NumberFormatException notTracked) {
            return Optional.empty();
        }
    }

    private static long number(Path file) throws IOException {
        return Long.parseLong(Sysctl.read(file));
    }

    /** Returns whether at least {@code percent} of the table is used. */
    public boolean isAt(int percent) {
        return capacity > 0 && entries * 100 >= capacity * percent;
    }

    @Override
    public String toString() {
        return "conntrack holds " + entries + " of " + capacity + " connections (nf_conntrack_max)";
    }
}

package dev.throughline.bench.compare;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A chain of two hops of one kind of proxy, before it is started.
 *
 * @param name heading of its column
 * @param description version and configuration
 * @param port where the first hop listens
 */
record ProxyPlan(String name, String description, int port, Hop first, Hop second) {

    /**
     * One process, or a launcher that becomes it.
     *
     * @param readyMessage what it writes to standard error when it is ready. Empty: it is ready when it accepts connections
     * @param log file for its standard output; standard error goes to the same name with {@code .err}
     */
    record Hop(List<String> command, int port, Optional<String> readyMessage, Path log) {
        Path errors() {
            return log.resolveSibling(log.getFileName() + ".err");
        }
    }
}

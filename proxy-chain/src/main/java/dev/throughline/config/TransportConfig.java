package dev.throughline.config;

import dev.throughline.config.ListenerConfig.Agent;
import java.nio.file.Path;
import java.time.Duration;

/**
 * A transport beside plain sockets: an agent of this host opens the connections (BRIDGE.md, "Opening").
 *
 * @param socket Unix socket at which the agent listens
 * @param agent who must listen there
 * @param startTimeout how long a start may take before it is given up and the flow continues over the next transport
 * @param withoutHeader whether a flow goes on without a header where the agent's system tells the next hop who opened it: one
 *     that intercepts on this host
 */
public record TransportConfig(Path socket, Agent agent, Duration startTimeout, boolean withoutHeader) {
    /** The transport that is always there: plain sockets of this hop. */
    public static final String BSD_SOCKET = "bsd-socket";

    /** How long a start may take unless it is said: less than a flow waits for a place. */
    public static final Duration DEFAULT_START_TIMEOUT = Duration.ofSeconds(2);
}

package dev.throughline.config;

import dev.throughline.config.ListenerConfig.Agent;
import java.nio.file.Path;
import java.time.Duration;

/**
 * A transport by which an agent of this host opens connections instead of the hop (BRIDGE.md, "Opening").
 *
 * @param socket Unix socket at which the agent listens
 * @param agent the identity that the listening agent must have
 * @param startTimeout maximum time for opening a connection, after which the flow continues over the next transport
 * @param withoutHeader whether flows are sent without a header because a next hop that intercepts on this host learns
 *     the originator from the agent's system
 */
public record TransportConfig(Path socket, Agent agent, Duration startTimeout, boolean withoutHeader) {
    /** The built-in transport: plain sockets of this hop. */
    public static final String BSD_SOCKET = "bsd-socket";

    /** The default start timeout: less than a flow waits for a slot. */
    public static final Duration DEFAULT_START_TIMEOUT = Duration.ofSeconds(2);
}

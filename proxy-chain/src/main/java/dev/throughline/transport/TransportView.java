package dev.throughline.transport;

import java.util.Optional;

/**
 * A snapshot of a transport.
 *
 * @param name in configuration and metrics
 * @param carriesOriginator whether its system can itself tell a next hop on this host who opened a flow
 * @param breaker state of its circuit breaker
 * @param trouble why no attempt can succeed, if known
 */
public record TransportView(
        String name, boolean carriesOriginator, GuardedTransport.State breaker, Optional<String> trouble) {}

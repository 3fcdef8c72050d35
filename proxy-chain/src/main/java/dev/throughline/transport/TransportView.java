package dev.throughline.transport;

import java.util.Optional;

/**
 * A transport as it was a moment ago.
 *
 * @param name as configurations and metrics call it
 * @param carriesOriginator whether the system behind it may tell the next hop of this host by itself who opened a flow
 * @param breaker what its breaker lets through
 * @param trouble why nothing can be started at all, if so
 */
public record TransportView(
        String name, boolean carriesOriginator, GuardedTransport.State breaker, Optional<String> trouble) {}

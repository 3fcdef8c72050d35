package dev.throughline.policy;

import dev.throughline.originator.Originator;
import java.util.Optional;

/**
 * What a policy is asked about a flow.
 *
 * @param originator who opened it, and the destination that it asked for; never one that was only read from a header
 * @param destinationHost the destination's name, where the application told one and the listener learnt it
 */
public record PolicyRequest(Originator originator, Optional<String> destinationHost) {}

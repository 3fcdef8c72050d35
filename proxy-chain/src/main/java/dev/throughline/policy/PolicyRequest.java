package dev.throughline.policy;

import dev.throughline.originator.Originator;
import java.util.Optional;

/**
 * The facts about a flow that a policy evaluates.
 *
 * @param originator the verified originator and the requested destination, never a claim that was only read from a
 *     header
 * @param destinationHost the destination's host name, if the listener knows it
 */
public record PolicyRequest(Originator originator, Optional<String> destinationHost) {}

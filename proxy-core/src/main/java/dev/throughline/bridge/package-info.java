/**
 * How an agent that intercepts flows elsewhere hands them over to a hop of its host (BRIDGE.md, the authority on every byte):
 * a PROXY v2 header in front of each flow, in which it says who opened it, and the hop's answer; and how a hop asks an agent to
 * open the way onwards. Nothing of it is signed; that the kernel says who the other is takes the place of a signature.
 */
@NullMarked
package dev.throughline.bridge;

import org.jspecify.annotations.NullMarked;

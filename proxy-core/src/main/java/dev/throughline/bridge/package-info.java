/**
 * Messages between a hop and an agent on the same host that intercepts flows or opens connections for it (BRIDGE.md is the
 * authority on every byte). The agent hands over each flow with a PROXY v2 header that names the originator, and the hop
 * answers. The hop can ask the agent to open the upstream connection. Nothing is signed: each side identifies the other through
 * the kernel instead.
 */
@NullMarked
package dev.throughline.bridge;

import org.jspecify.annotations.NullMarked;

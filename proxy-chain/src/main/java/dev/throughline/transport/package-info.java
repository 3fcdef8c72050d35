/** Transports for upstream connections: by sockets of the hop ({@link BsdSocket}) or through an agent ({@link AgentClient}). */
@NullMarked
package dev.throughline.transport;

import org.jspecify.annotations.NullMarked;

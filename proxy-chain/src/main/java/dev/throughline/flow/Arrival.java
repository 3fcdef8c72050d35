package dev.throughline.flow;

import dev.throughline.header.Tuple;
import dev.throughline.originator.Way;

/**
 * How a connection came in, as the kernel has it.
 *
 * @param way how it was brought here
 * @param socket the other end's own socket: its true source, and where it thinks it is connected to
 * @param asked the flow: its source, and the destination that it wants
 * @param local whether the other end is on this host, so that the kernel can say who holds it
 */
public record Arrival(Way way, Tuple socket, Tuple asked, boolean local) {
    /** Finds out how a connection came in. */
    public interface Origin {
        /**
         * How {@code connection} came.
         *
         * @throws Refused if the source or the destination can't be established: neither is ever guessed
         */
        Arrival of(io.netty.channel.socket.SocketChannel connection);
    }
}

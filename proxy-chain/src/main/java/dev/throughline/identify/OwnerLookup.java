package dev.throughline.identify;

import dev.throughline.originator.ProcessContext;
import dev.throughline.platform.linux.SocketOwner;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * A lookup of the process that holds a socket.
 *
 * @param observedTicks when the socket was found, in clock ticks since boot: a process that started later inherited it
 * @param again whether one scan failed because something changed
 */
record OwnerLookup(SocketOwner socket, long observedTicks, boolean again, CompletableFuture<SocketIdentity> answer) {
    /** Returns the user who created the socket, unsigned. */
    long user() {
        return Integer.toUnsignedLong(socket.uid());
    }

    OwnerLookup retry() {
        return new OwnerLookup(socket, observedTicks, true, answer);
    }

    void userOnly(Optional<String> userName) {
        answer.complete(SocketIdentity.userOnly(socket, new ProcessContext(userName)));
    }
}

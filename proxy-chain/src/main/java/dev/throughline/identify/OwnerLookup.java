package dev.throughline.identify;

import dev.throughline.originator.ProcessContext;
import dev.throughline.platform.linux.SocketOwner;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * A socket whose process is wanted.
 *
 * @param observedTicks when it was seen, in clock ticks since boot: a process that started later only inherited it
 * @param again whether one scan was already in vain because something moved
 */
record OwnerLookup(SocketOwner socket, long observedTicks, boolean again, CompletableFuture<SocketIdentity> answer) {
    /** The user who made the socket, unsigned. */
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

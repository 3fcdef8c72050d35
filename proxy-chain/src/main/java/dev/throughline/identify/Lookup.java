package dev.throughline.identify;

import dev.throughline.originator.Person;
import dev.throughline.os.SocketOwner;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * A socket whose process is wanted.
 *
 * @param observedTicks when it was seen, in clock ticks since boot: a process that started later only inherited it
 * @param again whether one scan was already in vain because something moved
 */
record Lookup(SocketOwner socket, long observedTicks, boolean again, CompletableFuture<LocalOwner> answer) {
    /** The user who made the socket, unsigned. */
    long user() {
        return Integer.toUnsignedLong(socket.uid());
    }

    Lookup retry() {
        return new Lookup(socket, observedTicks, true, answer);
    }

    void userOnly(Optional<String> userName) {
        answer.complete(LocalOwner.userOnly(socket, new Person(userName)));
    }
}

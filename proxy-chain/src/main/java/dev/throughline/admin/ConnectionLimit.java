package dev.throughline.admin;

import io.netty.channel.Channel;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;

/**
 * A limit for the connections to one admin address. Each is closed after a fixed time, even if it is active. A connection
 * over the limit closes the oldest one, so that idle connections can't block the interface.
 */
final class ConnectionLimit {
    private final int limit;
    private final Duration time;
    private final Deque<Channel> open = new ArrayDeque<>();

    ConnectionLimit(int limit, Duration time) {
        this.limit = limit;
        this.time = time;
    }

    void add(Channel connection) {
        Channel oldest = null;
        synchronized (this) {
            open.addLast(connection);
            if (open.size() > limit) {
                oldest = open.removeFirst();
            }
        }
        if (oldest != null) {
            oldest.close();
        }
        var deadline = connection.eventLoop().schedule(() -> connection.close(), time.toNanos(), TimeUnit.NANOSECONDS);
        connection.closeFuture().addListener(closed -> {
            deadline.cancel(false);
            synchronized (this) {
                open.remove(connection);
            }
        });
    }
}

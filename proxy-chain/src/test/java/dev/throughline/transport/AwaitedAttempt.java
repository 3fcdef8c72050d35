package dev.throughline.transport;

import io.netty.channel.EventLoop;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/** An attempt to connect, whose result and release a test can wait for. */
public final class AwaitedAttempt implements ConnectResult {
    private final CompletableFuture<UpstreamConnection> opened = new CompletableFuture<>();
    private final CompletableFuture<Void> released = new CompletableFuture<>();
    private final ConnectAttempt attempt;

    /** Starts an attempt. */
    public AwaitedAttempt(Transport transport, EventLoop loop, ConnectRequest request) {
        this(result -> transport.start(loop, request, result));
    }

    /** Starts an attempt by giving it the receiver of its result. */
    public AwaitedAttempt(Function<ConnectResult, ConnectAttempt> start) {
        this.attempt = start.apply(this);
        attempt.whenReleased(() -> released.complete(null));
    }

    @Override
    public void opened(UpstreamConnection connection) {
        opened.complete(connection);
    }

    @Override
    public void failed(ConnectFailedException why) {
        opened.completeExceptionally(why);
    }

    /** Returns the connection, or fails with {@link ConnectFailedException}. */
    public CompletableFuture<UpstreamConnection> opened() {
        return opened;
    }

    /** Completes when its slot is free. */
    public CompletableFuture<Void> released() {
        return released;
    }

    /** Cancels the attempt. */
    public void giveUp() {
        attempt.giveUp();
    }
}

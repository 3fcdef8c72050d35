package dev.throughline.transport;

import io.netty.channel.EventLoop;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

/** A transport whose starts and releases are scripted by a test. */
public final class ScriptedTransport implements Transport {
    private final String name;
    private volatile CompletableFuture<UpstreamConnection> next = new CompletableFuture<>();
    private volatile CompletableFuture<Void> released = new CompletableFuture<>();
    private final AtomicInteger starts = new AtomicInteger();
    private volatile boolean mayStall = true;

    public ScriptedTransport(String name) {
        this.name = name;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public boolean carriesOriginator() {
        return true;
    }

    @Override
    public boolean isHeaderOptional() {
        return false;
    }

    @Override
    public boolean mayStall() {
        return mayStall;
    }

    /** Blames the destination for slow and silent starts from now on. */
    public void neverStalls() {
        mayStall = false;
    }

    @Override
    public ConnectAttempt start(EventLoop loop, ConnectRequest request, ConnectResult result) {
        starts.incrementAndGet();
        CompletableFuture<UpstreamConnection> opened = next;
        CompletableFuture<Void> free = released;
        opened.whenComplete((connection, problem) -> {
            if (problem instanceof ConnectFailedException why) {
                result.failed(why);
            } else {
                result.opened(connection);
            }
        });
        return new ConnectAttempt() {
            @Override
            public void whenReleased(Runnable task) {
                free.whenComplete((done, problem) -> task.run());
            }

            @Override
            public void giveUp() {
                opened.completeExceptionally(ConnectFailedException.of(ConnectFailure.GIVEN_UP, ""));
            }
        };
    }

    /** Returns the number of starts. */
    public int starts() {
        return starts.get();
    }

    /** Sets the result of the next starts. */
    public void starts(CompletableFuture<UpstreamConnection> how) {
        next = how;
    }

    /** Lets the next starts hang, with a reason of the system. */
    public void hang() {
        next = CompletableFuture.failedFuture(ConnectFailedException.late(Optional.of("no-memory")));
    }

    /** Releases all started connections. */
    public void letGo() {
        released.complete(null);
        released = new CompletableFuture<>();
    }
}

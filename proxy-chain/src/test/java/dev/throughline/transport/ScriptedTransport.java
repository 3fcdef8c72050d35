package dev.throughline.transport;

import dev.throughline.relay.InboundBuffer;
import io.netty.channel.EventLoop;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

/** A transport whose starts end as a test says, and whose places are free when it says. */
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

    /** Slowness and silence are the destination's from now on. */
    public void neverStalls() {
        mayStall = false;
    }

    @Override
    public ConnectAttempt start(EventLoop loop, ConnectRequest request, InboundBuffer inbox) {
        starts.incrementAndGet();
        CompletableFuture<UpstreamConnection> opened = next;
        CompletableFuture<Void> free = released;
        return new ConnectAttempt() {
            @Override
            public CompletableFuture<UpstreamConnection> opened() {
                return opened;
            }

            @Override
            public CompletableFuture<Void> released() {
                return free;
            }

            @Override
            public void giveUp() {
                opened.completeExceptionally(ConnectFailedException.of(ConnectFailure.GIVEN_UP, ""));
            }
        };
    }

    /** How many were started. */
    public int starts() {
        return starts.get();
    }

    /** The next ones end as {@code how}. */
    public void starts(CompletableFuture<UpstreamConnection> how) {
        next = how;
    }

    /** The next ones hang, and the system says why. */
    public void hang() {
        next = CompletableFuture.failedFuture(ConnectFailedException.late(Optional.of("no-memory")));
    }

    /** The system lets go of all that was started. */
    public void letGo() {
        released.complete(null);
        released = new CompletableFuture<>();
    }
}

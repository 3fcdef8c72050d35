package dev.throughline.transport;

import dev.throughline.engine.ConnectListener;
import dev.throughline.engine.ConnectOptions;
import dev.throughline.engine.Connection;
import dev.throughline.engine.Engine;
import dev.throughline.engine.MarkException;
import dev.throughline.header.Tuple;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The transport that opens plain TCP sockets. Each has the hop's mark (SO_MARK, socket(7)), by which all hops on this host
 * distinguish its connections from those of applications. The sockets do not show the originator.
 */
public final class BsdSocket implements Transport {
    /** Name of the transport. */
    public static final String NAME = "bsd-socket";

    private final Engine engine;
    private final ConnectOptions options;

    /** Creates a transport. With {@code mark} 0, connections are not marked, which needs no capability. */
    public BsdSocket(Engine engine, int mark, Duration timeout) {
        this.engine = engine;
        this.options = new ConnectOptions(mark, timeout);
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public boolean carriesOriginator() {
        return false;
    }

    @Override
    public boolean isHeaderOptional() {
        return false;
    }

    @Override
    public boolean mayStall() {
        return false;
    }

    @Override
    public ConnectAttempt start(EventLoop loop, ConnectRequest request) {
        Attempt attempt = new Attempt(request);
        attempt.start(loop);
        return attempt;
    }

    private final class Attempt implements ConnectAttempt, ConnectListener {
        private final ConnectRequest request;
        private final CompletableFuture<UpstreamConnection> opened = new CompletableFuture<>();
        private @Nullable Connection connecting;

        Attempt(ConnectRequest request) {
            this.request = request;
        }

        void start(EventLoop loop) {
            try {
                connecting = engine.connect(loop, request.destination(), options, this);
            } catch (MarkException e) {
                opened.completeExceptionally(
                        ConnectFailedException.of(ConnectFailure.NOT_MARKED, String.valueOf(e.getMessage())));
            } catch (IOException e) {
                failed(e);
            }
        }

        @Override
        public void connected(Connection connection) {
            Optional<Tuple> addresses = connection.openedAddresses();
            if (addresses.isEmpty()) {
                connection.close();
                opened.completeExceptionally(
                        ConnectFailedException.of(ConnectFailure.CONNECT_FAILED, "it was reset at once"));
                return;
            }
            opened.complete(new UpstreamConnection(connection, addresses, false));
        }

        @Override
        public void failed(Exception cause) {
            opened.completeExceptionally(ConnectFailedException.bySystem(cause, request.destination()));
        }

        @Override
        public CompletableFuture<UpstreamConnection> opened() {
            return opened;
        }

        /** The kernel has released a closed socket's descriptor at once. */
        @Override
        public CompletableFuture<Void> released() {
            return CompletableFuture.completedFuture(null);
        }

        @Override
        public void giveUp() {
            // Each flow that ends calls this; a failure is created only if it is needed.
            if (!opened.isDone()) {
                opened.completeExceptionally(ConnectFailedException.of(ConnectFailure.GIVEN_UP, "its flow has ended"));
            }
            Connection open = connecting;
            if (open != null) {
                open.close();
            }
        }
    }
}

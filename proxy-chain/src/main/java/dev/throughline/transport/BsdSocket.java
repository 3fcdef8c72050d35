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
    public ConnectAttempt start(EventLoop loop, ConnectRequest request, ConnectResult result) {
        Attempt attempt = new Attempt(request, result);
        attempt.start(loop);
        return attempt;
    }

    private final class Attempt implements ConnectAttempt, ConnectListener {
        private final ConnectRequest request;
        private final ConnectResult result;
        private boolean done;
        private @Nullable Connection connecting;

        Attempt(ConnectRequest request, ConnectResult result) {
            this.request = request;
            this.result = result;
        }

        void start(EventLoop loop) {
            try {
                connecting = engine.connect(loop, request.destination(), options, this);
            } catch (MarkException e) {
                fail(ConnectFailedException.of(ConnectFailure.NOT_MARKED, String.valueOf(e.getMessage())));
            } catch (IOException e) {
                failed(e);
            }
        }

        @Override
        public void connected(Connection connection) {
            Optional<Tuple> addresses = connection.openedAddresses();
            if (addresses.isEmpty()) {
                connection.close();
                fail(ConnectFailedException.of(ConnectFailure.CONNECT_FAILED, "it was reset at once"));
                return;
            }
            done = true;
            result.opened(new UpstreamConnection(connection, addresses, false));
        }

        @Override
        public void failed(Exception cause) {
            fail(ConnectFailedException.bySystem(cause, request.destination()));
        }

        private void fail(ConnectFailedException why) {
            if (!done) {
                done = true;
                result.failed(why);
            }
        }

        /** The kernel has released a closed socket's descriptor at once. */
        @Override
        public void whenReleased(Runnable task) {
            task.run();
        }

        @Override
        public void giveUp() {
            // Each flow that ends calls this; a failure is created only if it is needed.
            if (!done) {
                fail(ConnectFailedException.of(ConnectFailure.GIVEN_UP, "its flow has ended"));
            }
            Connection open = connecting;
            if (open != null) {
                open.close();
            }
        }
    }
}

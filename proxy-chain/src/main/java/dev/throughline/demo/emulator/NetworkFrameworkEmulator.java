package dev.throughline.demo.emulator;

import dev.throughline.bridge.BridgeAnswer;
import dev.throughline.bridge.BridgeRequest;
import dev.throughline.engine.AcceptListener;
import dev.throughline.engine.AcceptLoop;
import dev.throughline.engine.AcceptedSocket;
import dev.throughline.engine.Connection;
import dev.throughline.engine.Engine;
import dev.throughline.engine.ListeningSocket;
import dev.throughline.engine.epoll.EpollEngine;
import dev.throughline.header.Bytes;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

/**
 * An emulator, not the real thing: an agent on macOS that opens connections with Network.framework for a hop (BRIDGE.md,
 * "Opening"), as seen from the hop. Its boundary is the real one, a Unix stream socket; its connections are plain TCP sockets of
 * this host. It imitates the behaviour of the system behind the agent that users report:
 *
 * <ul>
 *   <li>A process may have a limited number of connections. One that is started while all are in use waits, with "Cannot allocate
 *       memory", and continues to wait after others have closed.
 *   <li>A connection is in use from its start until it is cancelled or has ended, also while it waits.
 *   <li>A connection has the metadata of one flow or is the agent's own; the next agent on the host learns which.
 * </ul>
 *
 * <p>It doesn't imitate changing paths, proxies, TLS, or a system that waits after a refusal, because the agent gives
 * up at once then. Everything runs on one thread, so the numbers are exact. Bytes are relayed by the hop's own relay.
 */
public final class NetworkFrameworkEmulator implements AutoCloseable {
    /** Connections of a process before macOS 26.4. */
    public static final int LIMIT = 512;

    /** Connections of a process since macOS 26.4. */
    public static final int LIMIT_26_4 = 1024;

    /** A system without a limit. */
    public static final int NO_LIMIT = 0;

    private static final int BACKLOG = 4096;
    private static final int ACCEPTED_EACH_PASS = 16;

    private final Path socket;
    private final Settings settings;
    private final Engine engine = new EpollEngine();
    private final MultiThreadIoEventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, engine.newHandlerFactory());
    private final Set<Connection> connections = new HashSet<>();
    private final EmulatedSystem system;
    private final LimitsWatches watches;
    private Optional<ListeningSocket> listener = Optional.empty();
    private volatile Start start = new Start.AtOnce();

    /**
     * Settings of the system, which don't change while it runs.
     *
     * @param limit maximum number of connections of the process; {@link #NO_LIMIT} for none
     * @param carries whether the system passes metadata on to the next agent
     * @param user id of the user whose hops may request connections
     * @param requestTimeout time in which a request must arrive
     * @param limitsEvery interval at which limits are sent that haven't changed
     */
    public record Settings(int limit, boolean carries, int user, Duration requestTimeout, Duration limitsEvery) {
        /** Returns the settings of macOS with {@code limit} connections, for hops of this JVM's user. */
        public static Settings limited(int limit) {
            return new Settings(limit, true, ownUser(), Duration.ofSeconds(5), Duration.ofSeconds(5));
        }

        public Settings withUser(int uid) {
            return new Settings(limit, carries, uid, requestTimeout, limitsEvery);
        }

        public Settings withLimitsEvery(Duration every) {
            return new Settings(limit, carries, user, requestTimeout, every);
        }

        /** Returns a system that doesn't pass metadata on: the next agent sees the agent itself. */
        public Settings withoutMetadata() {
            return new Settings(limit, false, user, requestTimeout, limitsEvery);
        }

        private static int ownUser() {
            try {
                return (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }
    }

    /** The behaviour of the system when it starts a connection below its limit. */
    public sealed interface Start {
        /** Immediately. */
        record AtOnce() implements Start {}

        /** After a delay without a message. */
        record After(Duration delay) implements Start {}

        /** Not at all: the agent reports a failure. */
        record Failing(String reason) implements Start {}
    }

    /** The originator of a connection, as the system reports it to the next agent on this host. */
    public sealed interface Metadata {
        /** The process whose flow has this handle. */
        record OfFlow(Bytes handle) implements Metadata {}

        /** The agent itself. */
        record AgentsOwn() implements Metadata {}
    }

    private NetworkFrameworkEmulator(Path socket, Settings settings) {
        this.socket = socket;
        this.settings = settings;
        this.watches = new LimitsWatches(loop.next(), settings.limitsEvery(), this::limits);
        this.system = new EmulatedSystem(settings, watches::changed);
    }

    private BridgeAnswer.AgentNotice.Limits limits() {
        return system.limits();
    }

    /** Starts an emulator that listens at {@code socket}. */
    public static NetworkFrameworkEmulator start(Path socket, Settings settings) throws IOException {
        NetworkFrameworkEmulator emulator = new NetworkFrameworkEmulator(socket, settings);
        emulator.listen();
        return emulator;
    }

    /** Listens, again after {@link #stopListening}. */
    public void listen() throws IOException {
        Files.deleteIfExists(socket);
        listener = Optional.of(engine.listen(
                List.of(loop.next()), socket, BACKLOG, ACCEPTED_EACH_PASS, () -> new AcceptListener() {
                    @Override
                    public void accepted(AcceptedSocket hop, AcceptLoop from) {
                        hop.open(from.loop(), NetworkFrameworkEmulator.this::accepted, failure -> {});
                    }

                    @Override
                    public void failed(AcceptLoop from, IOException cause) {
                        listener.ifPresent(ListeningSocket::close);
                    }
                }));
    }

    private void accepted(Connection hop) {
        add(connections, hop);
        new RequestHandler(hop, settings, this::begin).start();
    }

    /** Adds a connection to {@code open} until it is closed. */
    static void add(Set<Connection> open, Connection connection) {
        open.add(connection);
        connection.whenClosed(() -> open.remove(connection));
    }

    private void begin(Connection hop, BridgeRequest request) {
        switch (request) {
            case BridgeRequest.Watch watch -> watches.add(hop);
            case BridgeRequest.Open open -> new EmulatedConnection(engine, hop, open, system, connections).start(start);
        }
    }

    /** Closes the agent's listener. Open connections and watches continue. */
    public void stopListening() throws IOException {
        listener.ifPresent(ListeningSocket::close);
        listener = Optional.empty();
        Files.deleteIfExists(socket);
    }

    /** Stops or resumes sending limits; an agent that hangs sends none. */
    public void silence(boolean silent) {
        onLoop(() -> {
            watches.silence(silent);
            return true;
        });
    }

    /** Closes all connections that watch the limits. */
    public void endWatches() {
        onLoop(() -> {
            watches.end();
            return true;
        });
    }

    /** Sets the behaviour for later connections. */
    public void starts(Start how) {
        start = how;
    }

    /** Registers a flow that this agent has handed over. */
    public void handedOver(Bytes handle) {
        system.know(handle);
    }

    /** Removes a flow that has ended. */
    public void ended(Bytes handle) {
        system.forget(handle);
    }

    /**
     * Returns the originator of a connection, as the next agent on this host learns it.
     *
     * @param sourcePort source port of the connection, unique in the emulator while it is open; known before the
     *     destination can see it, and kept until a later connection has the same port
     */
    public Optional<Metadata> metadata(int sourcePort) {
        return onLoop(() -> system.metadata(sourcePort));
    }

    /** Returns how many connections were started and have neither ended nor been cancelled, waiting ones included. */
    public long inUse() {
        return onLoop(() -> system.limits().inUse());
    }

    /** Returns how many connections wait; they wait for ever. */
    public long waiting() {
        return onLoop(() -> system.limits().waiting());
    }

    /** Returns how many connections watch the limits. */
    public int watches() {
        return onLoop(watches::count);
    }

    private <T> T onLoop(Callable<T> question) {
        return loop.submit(question).syncUninterruptibly().getNow();
    }

    /** Ends the agent's process with all its connections. */
    @Override
    public void close() throws IOException {
        stopListening();
        onLoop(() -> {
            List.copyOf(connections).forEach(Connection::close);
            return true;
        });
        loop.shutdownGracefully(0, 10, TimeUnit.SECONDS).syncUninterruptibly();
    }
}

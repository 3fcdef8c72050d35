package dev.throughline.flow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.collect.ImmutableList;
import dev.throughline.budget.PoolRule;
import dev.throughline.chain.Detail;
import dev.throughline.chain.HeaderProfile;
import dev.throughline.engine.TcpTimeouts;
import dev.throughline.engine.epoll.EpollEngine;
import dev.throughline.header.Tuple;
import dev.throughline.identify.OwnerResolver;
import dev.throughline.identify.SocketIdentity;
import dev.throughline.identify.UnixPeer;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.OperatingSystem;
import dev.throughline.originator.ProcessIdentity;
import dev.throughline.relay.Wire;
import dev.throughline.transport.AwaitedAttempt;
import dev.throughline.transport.BsdSocket;
import dev.throughline.transport.ConnectAttempt;
import dev.throughline.transport.ConnectRequest;
import dev.throughline.transport.ConnectResult;
import dev.throughline.transport.ScriptedTransport;
import dev.throughline.transport.Transport;
import dev.throughline.transport.UpstreamConnection;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * An application that resets before a byte of its flow was relayed: the flow ends at once, in each stage. Also after the
 * application has ended its output, when no read reports a reset.
 */
class FlowResetTest extends FlowScene {
    private Socket app(boolean halfClosed) throws IOException {
        Socket app = wire.connect();
        app.getOutputStream().write('a');
        if (halfClosed) {
            app.shutdownOutput();
        }
        return app;
    }

    private static void reset(Socket app) throws IOException {
        app.setSoLinger(true, 0);
        app.close();
    }

    private void over(Transport transport) {
        change(p -> {
            p.budget = budget(100, PoolRule.DEFAULT).pool(transport.name(), 5);
            p.transports = List.of(transport);
            p.routing(FlowServicesDraft.allTo(
                    new Route(new NextHop.Destination(), ImmutableList.of(transport.name()), TcpTimeouts.DEFAULTS)));
        });
    }

    @Tag("attack")
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aResetDuringIdentificationOpensNothing(boolean halfClosed) throws Exception {
        ScriptedTransport transport = new ScriptedTransport("scripted");
        over(transport);
        CompletableFuture<SocketIdentity> owner = new CompletableFuture<>();
        change(p -> p.identifier = new Held(owner));
        Socket app = app(halfClosed);
        Wire.await(
                "to be identified",
                () -> services.table().list().stream().anyMatch(flow -> flow.stage() == FlowView.Stage.IDENTIFYING));

        reset(app);
        assertThat(ending()).isEqualTo(new CloseResult(CloseReason.INBOUND_RESET, "while identifying"));

        owner.complete(new SocketIdentity(
                ProcessIdentity.unknown(Evidence.UNKNOWN, OperatingSystem.LINUX),
                OptionalInt.empty(),
                OptionalInt.empty()));
        // Runs after all steps that follow the answer.
        wire.onLoop(() -> true);
        assertThat(events.decided).isEmpty();
        assertThat(transport.starts()).isZero();
    }

    /** A resolver that completes when the test does. */
    private record Held(CompletableFuture<SocketIdentity> owner) implements OwnerResolver {
        @Override
        public ProcessIdentity behindProxy(InetAddress source) {
            throw new UnsupportedOperationException();
        }

        @Override
        public CompletableFuture<SocketIdentity> identify(Tuple tuple) {
            return owner;
        }

        @Override
        public OptionalInt user(Tuple tuple) {
            return OptionalInt.empty();
        }

        @Override
        public CompletableFuture<SocketIdentity> identify(UnixPeer peer) {
            return owner;
        }
    }

    @Tag("attack")
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aResetWhileConnectingAbandonsTheStart(boolean halfClosed) throws Exception {
        ScriptedTransport slow = new ScriptedTransport("slow");
        CompletableFuture<UpstreamConnection> start = new CompletableFuture<>();
        slow.starts(start);
        over(slow);
        Socket app = app(halfClosed);
        Wire.await("to start", () -> slow.starts() == 1);

        reset(app);

        assertThat(ending()).isEqualTo(new CloseResult(CloseReason.INBOUND_RESET, "while connecting"));
        assertThat(start).isCompletedExceptionally();
        slow.letGo();
    }

    /** The connection may have opened when its start was abandoned. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aConnectionThatComesAfterTheResetIsReset(boolean halfClosed) throws Exception {
        CompletableFuture<Void> word = new CompletableFuture<>();
        over(new Late(new BsdSocket(new EpollEngine(), 0, Duration.ofSeconds(5)), word));
        Socket app = app(halfClosed);
        Socket there = destination.accept();

        reset(app);
        assertThat(ending()).isEqualTo(new CloseResult(CloseReason.INBOUND_RESET, "while connecting"));
        wire.onLoop(() -> word.complete(null));

        assertReset(there);
    }

    /** A transport that opens connections, reports them late, and ignores cancellation. */
    private record Late(Transport real, CompletableFuture<Void> word) implements Transport {
        @Override
        public String name() {
            return "late";
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
            return true;
        }

        @Override
        public ConnectAttempt start(EventLoop loop, ConnectRequest request, ConnectResult result) {
            AwaitedAttempt start = new AwaitedAttempt(real, loop, request);
            start.opened().thenAcceptBoth(word, (opened, now) -> result.opened(opened));
            return new ConnectAttempt() {
                @Override
                public void whenReleased(Runnable task) {
                    start.released().thenRun(task);
                }

                @Override
                public void giveUp() {}
            };
        }
    }

    @Tag("attack")
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aResetBeforeTheSignatureResetsTheConnection(boolean halfClosed) throws Exception {
        HeaderProfile profile = HeaderProfile.NORMAL.keepingBack(Set.of(Detail.Kind.PERSON));
        change(p -> {
            p.next(new NextHop.At("hop-c", destinationAddress(), profile));
            p.batchSigner = new BatchSigner(Duration.ofHours(1));
        });
        // The first one is signed at once.
        Socket first = wire.connect();
        Socket signed = destination.accept();
        read(signed);
        Socket app = app(halfClosed);
        Socket next = destination.accept();
        Wire.await(
                "to wait for a signature",
                () -> services.table().list().stream()
                        .anyMatch(flow ->
                                flow.number() == 2 && !flow.closedDetails().isEmpty()));

        reset(app);

        assertThat(events.closed.poll(20, TimeUnit.SECONDS).ending())
                .isEqualTo(new CloseResult(CloseReason.INBOUND_RESET, "while connecting"));
        next.setSoTimeout(20_000);
        // Not a byte before it.
        assertThatThrownBy(() -> next.getInputStream().read()).hasMessageContaining("reset");
        assertThat(services.batchSigner().signatures()).isEqualTo(1);
        Wire.await(
                "to have its slot back",
                () -> services.budget().pools().stream().allMatch(pool -> pool.inUse() == 1));
        first.close();
        signed.close();
        assertThat(ending().reason()).isEqualTo(CloseReason.COMPLETED);
    }
}

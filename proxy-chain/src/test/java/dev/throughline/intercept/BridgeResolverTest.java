package dev.throughline.intercept;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import dev.throughline.config.ListenerConfig.Agent;
import dev.throughline.engine.AcceptListener;
import dev.throughline.engine.AcceptLoop;
import dev.throughline.engine.AcceptedSocket;
import dev.throughline.engine.Connection;
import dev.throughline.engine.Engine;
import dev.throughline.engine.epoll.EpollEngine;
import dev.throughline.flow.AcceptedConnection;
import dev.throughline.flow.CloseReason;
import dev.throughline.flow.FlowRejectedException;
import dev.throughline.header.Bytes;
import dev.throughline.identify.IdentifyLimits;
import dev.throughline.identify.ProcessIdentifier;
import dev.throughline.identify.SocketIdentity;
import dev.throughline.identify.UnixPeer;
import dev.throughline.originator.Code;
import dev.throughline.originator.Evidence;
import dev.throughline.platform.linux.PidFd;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The identity of the process that connects to a bridge; it is always this process. */
class BridgeResolverTest {
    private static final int PID = Math.toIntExact(ProcessHandle.current().pid());

    @TempDir
    Path folder;

    private final Engine engine = new EpollEngine();
    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, engine.newHandlerFactory());
    private final BlockingQueue<Connection> accepted = new LinkedBlockingQueue<>();
    private int uid;
    private Path executable;
    private ProcessIdentifier identifier;
    private SocketChannel agent;
    private Connection connection;

    @BeforeEach
    void connect() throws Exception {
        uid = (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
        executable = Path.of("/proc/self/exe").toRealPath();
        identifier = ProcessIdentifier.open(IdentifyLimits.NORMAL);
        Path path = folder.resolve("bridge");
        engine.listen(List.of(loops.next()), path, 1, 1, () -> new AcceptListener() {
            @Override
            public void accepted(AcceptedSocket accepting, AcceptLoop on) {
                accepting.open(on.loop(), accepted::add, problem -> {
                    throw new IllegalStateException(problem);
                });
            }

            @Override
            public void failed(AcceptLoop on, IOException cause) {
                throw new UncheckedIOException(cause);
            }
        });
        agent = SocketChannel.open(UnixDomainSocketAddress.of(path));
        connection = accepted.poll(20, TimeUnit.SECONDS);
    }

    @AfterEach
    void close() throws IOException {
        agent.close();
        identifier.close();
        loops.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    private UnixPeer peer() {
        return ((AcceptedConnection.Unix) new BridgeResolver(ImmutableSet.of(uid)).of(connection)).peer();
    }

    private SocketIdentity owner(UnixPeer peer) throws Exception {
        return identifier.identify(peer).get(20, TimeUnit.SECONDS);
    }

    @Test
    void theKernelNamesTheUserAndTheProcess() throws Exception {
        SocketIdentity owner = owner(peer());

        assertThat(owner.uid()).hasValue(uid);
        assertThat(owner.identity().evidence()).isEqualTo(Evidence.KERNEL_CONNECT);
        assertThat(owner.identity().process().orElseThrow().pid()).isEqualTo(PID);
        assertThat(owner.identity().code().executable()).contains(executable.toString());
    }

    /** Users without an agent cause no further work. */
    @Test
    void anotherUserIsRefusedBeforeItsProcessIsChecked() {
        BridgeResolver others = new BridgeResolver(ImmutableSet.of(uid + 1));

        FlowRejectedException refused = catchThrowableOfType(FlowRejectedException.class, () -> others.of(connection));

        assertThat(refused.reason()).isEqualTo(CloseReason.AGENT_NOT_ALLOWED);
        assertThat(refused.detail()).isEqualTo("user " + uid);
    }

    /** Simulates an agent that has ended and whose pid another process has. */
    @Test
    void aPidThatIsntTheHandlesProcessIsNotNamed() throws Exception {
        UnixPeer peer = peer();
        int parent =
                Math.toIntExact(ProcessHandle.current().parent().orElseThrow().pid());

        SocketIdentity owner = owner(new UnixPeer(parent, uid, peer.handle()));

        assertThat(owner.identity().evidence()).isEqualTo(Evidence.UID_ONLY);
        assertThat(owner.identity().process()).isEmpty();
        assertThat(owner.identity().code()).isEqualTo(Code.UNKNOWN);
    }

    @Test
    void aProcessThatHasEndedIsNotNamed() throws Exception {
        SocketIdentity owner = owner(new UnixPeer(PID, uid, () -> {
            throw new IOException("it is gone");
        }));

        assertThat(owner.identity().evidence()).isEqualTo(Evidence.UID_ONLY);
    }

    /** A kernel without process handles. */
    @Test
    void withoutAHandleAProcessThatWasThereBeforeIsNamed() throws Exception {
        UnixPeer peer = new UnixPeer(PID, uid, Optional::empty);

        assertThat(owner(peer).identity().process()).isPresent();
    }

    @Test
    void aHandleIsClosedOnce() throws Exception {
        PidFd handle = peer().handle().open().orElseThrow();

        assertThat(handle.pid()).isEqualTo(PID);
        handle.close();
        handle.close();
        assertThat(handle.pid()).isNegative();
    }

    @Test
    void allPropertiesOfAnAgentsEntryMustMatch() throws Exception {
        SocketIdentity self = owner(peer());
        Optional<String> path = Optional.of(executable.toString());
        Optional<Bytes> hash = self.identity().code().sha256();
        Optional<Bytes> otherHash = Optional.of(Bytes.ofHex("00".repeat(32)));

        assertThat(hash).isPresent();
        assertThat(isAllowed(self, new Agent(uid, path, hash))).isTrue();
        assertThat(isAllowed(self, new Agent(uid, Optional.empty(), Optional.empty())))
                .isTrue();
        assertThat(isAllowed(self, new Agent(uid, Optional.of("/bin/true"), hash)))
                .isFalse();
        assertThat(isAllowed(self, new Agent(uid, path, otherHash))).isFalse();
        assertThat(isAllowed(self, new Agent(uid + 1, path, hash))).isFalse();
        assertThat(isAllowed(self, new Agent(uid + 1, path, hash), new Agent(uid, Optional.empty(), otherHash)))
                .as("half of one entry and half of another")
                .isFalse();
    }

    /** An unknown property doesn't match. */
    @Test
    void aProcessThatCantBeReadIsAllowedByItsUserAloneOrNotAtAll() throws Exception {
        SocketIdentity unread = owner(new UnixPeer(0, uid, peer().handle()));

        assertThat(isAllowed(unread, new Agent(uid, Optional.of(executable.toString()), Optional.empty())))
                .isFalse();
        assertThat(isAllowed(unread, new Agent(uid, Optional.empty(), Optional.of(Bytes.ofHex("00".repeat(32))))))
                .isFalse();
        assertThat(isAllowed(unread, new Agent(uid, Optional.empty(), Optional.empty())))
                .isTrue();
    }

    private static boolean isAllowed(SocketIdentity owner, Agent... agents) {
        Optional<FlowRejectedException> objection = new AgentRule(ImmutableList.copyOf(agents)).objection(owner);
        objection.ifPresent(refused -> assertThat(refused.reason()).isEqualTo(CloseReason.AGENT_NOT_ALLOWED));
        return objection.isEmpty();
    }
}

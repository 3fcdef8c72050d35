package dev.throughline.identify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.throughline.header.Bytes;
import dev.throughline.header.Tuple;
import dev.throughline.identify.ebpf.ConnectRecord;
import dev.throughline.identify.ebpf.ConnectTracer;
import dev.throughline.identify.ebpf.Kernel;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.ProcessId;
import dev.throughline.originator.ProcessIdentity;
import dev.throughline.platform.linux.NetworkNamespace;
import dev.throughline.platform.linux.SocketDiag;
import dev.throughline.platform.linux.SocketOwner;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.DomainSocketReadMode;
import io.netty.channel.unix.FileDescriptor;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Uncommon ways in which processes get sockets. Each is tested with the kernel's records and, where a lookup can tell,
 * without them, and names the process that opened the connection, or none.
 */
@Timeout(120)
class NeverWrongTest {
    private @Nullable ConnectTracer notes;
    private ProcessIdentifier identifier;

    @TempDir
    private Path folder;

    private void open(boolean withNotes) throws IOException {
        identifier = ProcessIdentifier.open(IdentifyLimits.NORMAL);
        if (withNotes) {
            Kernel.assumeTracingIsPossible();
            notes = ConnectTracer.open(Kernel.cgroups(), 1 << 16);
            identifier.use(Optional.of(notes));
        }
    }

    @AfterEach
    void close() throws IOException {
        identifier.close();
        if (notes != null) {
            notes.close();
        }
    }

    /** An {@link Opener} that has opened its connection. */
    private record Opened(Process process, Tuple tuple) implements AutoCloseable {
        static Opened by(List<String> wrapper, String... how) throws IOException {
            List<String> command = new ArrayList<>(wrapper);
            command.addAll(List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "--enable-native-access=ALL-UNNAMED",
                    // In another process namespace a second JVM may have the same number, and its file in /tmp.
                    "-XX:-UsePerfData",
                    "--sun-misc-unsafe-memory-access=allow",
                    "-cp",
                    System.getProperty("java.class.path"),
                    Opener.class.getName()));
            command.addAll(List.of(how));
            Process process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            String line = process.inputReader(StandardCharsets.UTF_8).readLine();
            assumeTrue(line != null || wrapper.isEmpty(), "needs namespaces");
            String[] ends = line.split(" ", -1);
            return new Opened(process, Tuple.tcp(Tuple.endpoint(ends[0]), Tuple.endpoint(ends[1])));
        }

        @Override
        public void close() {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
            process.onExit().join();
        }
    }

    private ProcessIdentity identify(Opened opened) {
        return identifier.identify(opened.tuple).join().identity();
    }

    private static ProcessId id(ProcessHandle process) throws IOException {
        String stat = Files.readString(Path.of("/proc/" + process.pid() + "/stat"), StandardCharsets.ISO_8859_1);
        return new ProcessId((int) process.pid(), ProcText.startTime(stat));
    }

    private static ServerSocket listener() throws IOException {
        return new ServerSocket(0, 8, InetAddress.getByName("127.0.0.1"));
    }

    private static String port(ServerSocket listener) {
        return String.valueOf(listener.getLocalPort());
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aSocketOfAThreadBelongsToItsProcess(boolean withNotes) throws IOException {
        open(withNotes);
        try (ServerSocket listener = listener();
                Opened opened = Opened.by(List.of(), "by-thread", port(listener))) {
            ProcessIdentity who = identify(opened);

            assertThat(who.process()).contains(id(opened.process.toHandle()));
            assertThat(who.code().command()).contains("java");
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void equalAddressesInAnotherNetworkNamespaceAreIgnored(boolean withNotes) throws IOException {
        open(withNotes);
        List<String> elsewhere = List.of("unshare", "-n", "sh", "-c", "ip link set lo up && exec \"$@\"", "sh");
        try (Opened opened = Opened.by(elsewhere, "alone")) {
            assertThat(identify(opened).evidence()).isEqualTo(Evidence.UNKNOWN);
        }
    }

    /** It is named by its pid in this pid namespace. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aProcessInAnotherProcessNamespaceHasItsNumberHere(boolean withNotes) throws IOException {
        open(withNotes);
        try (ServerSocket listener = listener();
                Opened opened =
                        Opened.by(List.of("unshare", "-p", "-f", "--mount-proc"), "by-thread", port(listener))) {
            ProcessHandle inside = opened.process.children().findFirst().orElseThrow();

            assertThat(identify(opened).process()).contains(id(inside));
        }
    }

    /** A transparent proxy's own socket can have the address of its client, which is on another host. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aSocketWithAnAddressOfAnotherHostNamesNobodyHere(boolean withNotes) throws IOException {
        open(withNotes);
        try (ServerSocket listener = listener();
                Opened opened = Opened.by(List.of(), "from-foreign-address", port(listener));
                SocketDiag sockets = SocketDiag.open()) {
            // It prints its addresses before it connects.
            while (sockets.find(opened.tuple).isEmpty()) {
                Thread.onSpinWait();
            }

            assertThat(identify(opened).evidence()).isEqualTo(Evidence.REMOTE);
        }
    }

    /** Addresses and ports are reused: an old record must not count for another socket. */
    @Test
    void anotherSocketWithTheSameAddressesIsNotTheNotedOne() throws Exception {
        open(true);
        ConnectTracer taken = Objects.requireNonNull(notes);
        try (ServerSocket listener = listener();
                Opened opened = Opened.by(List.of(), "by-thread", port(listener));
                SocketDiag sockets = SocketDiag.open();
                ExecutableDigests digests = new ExecutableDigests(id -> id)) {
            SocketOwner socket = sockets.find(opened.tuple).orElseThrow();
            SocketOwner another = new SocketOwner(
                    socket.inode(),
                    socket.uid(),
                    socket.cookie() + 1,
                    socket.mark(),
                    socket.cgroupId(),
                    socket.state(),
                    socket.bearsHostsAddress());
            ConnectRecords callers = records(taken, digests);
            try {
                assertThat(callers.find(opened.tuple, Optional.of(socket))).isPresent();
                assertThat(callers.find(opened.tuple, Optional.empty()))
                        .as("it is closed")
                        .isPresent();
                assertThat(callers.find(opened.tuple, Optional.of(another))).isEmpty();
            } finally {
                callers.close();
            }
        }
    }

    private static ConnectRecords records(ConnectTracer tracer, ExecutableDigests digests) throws IOException {
        return new ConnectRecords(
                tracer,
                NetworkNamespace.cookie(),
                new ConnectRecordResolver(
                        new ProcessReader(digests, Optional.empty(), Known.reads()),
                        new KnownExecutables(digests, Known.reads()),
                        _ -> Optional.empty(),
                        new ScriptPath(Known.reads()),
                        new CgroupPaths(tracer.cgroup(), System::nanoTime),
                        Users.ofThisHost(),
                        Bytes.copyOf(new byte[16]),
                        IdentifyLimits.NORMAL,
                        uid -> uid));
    }

    /** The record that was found for the queue is used for the same connection only. */
    @Test
    void anEarlierConnectionsRecordIsNotUsedForALaterOneWithTheSameAddresses() throws Exception {
        open(true);
        try (ServerSocket listener = listener();
                ExecutableDigests digests = new ExecutableDigests(id -> id)) {
            ConnectRecords callers = records(Objects.requireNonNull(notes), digests);
            try {
                Tuple earlier = connectFrom(0, listener);
                assertThat(callers.uid(earlier)).isPresent();
                Tuple later = connectFrom(earlier.source().getPort(), listener);
                assertThat(later).isEqualTo(earlier);

                ConnectRecord ofLater = Objects.requireNonNull(callers.last(later));
                ConnectRecord ofEarlier = Objects.requireNonNull(callers.last(earlier));
                assertThat(ofEarlier.bootNanos()).isLessThan(ofLater.bootNanos());
                assertThat(callers.last(earlier)).as("it is used once").isEqualTo(ofLater);
            } finally {
                callers.close();
            }
        }
    }

    /** Connects and resets the connection, so that its port is free. */
    private static Tuple connectFrom(int port, ServerSocket listener) throws IOException {
        try (Socket socket = new Socket()) {
            socket.bind(new InetSocketAddress("127.0.0.1", port));
            socket.connect(listener.getLocalSocketAddress());
            socket.setSoLinger(true, 0);
            try (Socket accepted = listener.accept()) {
                return Tuple.tcp((InetSocketAddress) accepted.getRemoteSocketAddress(), (InetSocketAddress)
                        accepted.getLocalSocketAddress());
            } finally {
                socket.close();
            }
        }
    }

    /** This process gets a socket that another process opened, and is then its only holder. */
    private static final class Receiver extends SimpleChannelInboundHandler<FileDescriptor> implements AutoCloseable {
        private final MultiThreadIoEventLoopGroup group =
                new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        private final Path meeting;
        private volatile @Nullable FileDescriptor taken;

        Receiver(Path meeting) throws InterruptedException {
            this.meeting = meeting;
            new ServerBootstrap()
                    .group(group)
                    .channel(EpollServerDomainSocketChannel.class)
                    .childOption(EpollChannelOption.DOMAIN_SOCKET_READ_MODE, DomainSocketReadMode.FILE_DESCRIPTORS)
                    .childHandler(this)
                    .bind(new DomainSocketAddress(meeting.toFile()))
                    .sync();
        }

        @Override
        protected void channelRead0(ChannelHandlerContext context, FileDescriptor socket) throws IOException {
            taken = socket;
            Files.createFile(Path.of(meeting + ".taken"));
        }

        @Override
        public void close() throws IOException {
            FileDescriptor socket = taken;
            if (socket != null) {
                socket.close();
            }
            group.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        }
    }

    /** This process is the only holder, older than the socket, and of the same user: only the records show the opener. */
    @Test
    void aSocketThatWasGivenAwayIsStillItsOpeners() throws Exception {
        open(true);
        Path meeting = folder.resolve("meeting");
        try (Receiver _ = new Receiver(meeting);
                ServerSocket listener = listener();
                Opened opened = Opened.by(List.of(), "give-away", port(listener), meeting.toString())) {
            assertThat(identify(opened).process()).contains(id(opened.process.toHandle()));
        }
    }

    /** A socket keeps the cgroup of its creation: without records that shows at least that this process didn't create it. */
    @Test
    void aSocketFromAnotherControlGroupIsNotItsHolders() throws Exception {
        open(false);
        Path meeting = folder.resolve("meeting");
        Path group = Kernel.cgroups()
                .resolve("throughline-giver-" + ProcessHandle.current().pid());
        assumeTrue(group.toFile().mkdir(), "needs to make control groups");
        List<String> elsewhere =
                List.of("/bin/bash", "-c", "echo $$ > " + group + "/cgroup.procs && exec \"$@\"", "--");
        try (Receiver _ = new Receiver(meeting);
                ServerSocket listener = listener();
                Opened opened = Opened.by(elsewhere, "give-away", port(listener), meeting.toString())) {
            ProcessIdentity who = identify(opened);

            assertThat(who.evidence()).isEqualTo(Evidence.UID_ONLY);
            assertThat(who.process()).isEmpty();
        } finally {
            assertThat(group.toFile().delete()).isTrue();
        }
    }
}

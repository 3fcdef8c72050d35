package dev.throughline.identify.ebpf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.throughline.header.Bytes;
import dev.throughline.header.Tuple;
import dev.throughline.platform.linux.NetworkNamespace;
import dev.throughline.platform.linux.OsException;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.unix.IntegerUnixChannelOption;
import io.netty.channel.unix.RawUnixChannelOption;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The kernel records the caller of connect(2) for any socket. */
class ConnectTracerTest {
    private ConnectTracer notes;
    private long here;

    @BeforeEach
    void open() throws IOException {
        Kernel.assumeTracingIsPossible();
        notes = ConnectTracer.open(Kernel.cgroups(), 4096);
        here = NetworkNamespace.cookie();
    }

    @AfterEach
    void close() throws IOException {
        if (notes != null) {
            notes.close();
        }
    }

    private static Tuple tuple(SocketChannel channel) throws IOException {
        return Tuple.tcp((InetSocketAddress) channel.getLocalAddress(), (InetSocketAddress) channel.getRemoteAddress());
    }

    private static ServerSocketChannel listen() throws IOException {
        return ServerSocketChannel.open().bind(new InetSocketAddress("::", 0), 1000);
    }

    private static int port(ServerSocketChannel listener) throws IOException {
        return ((InetSocketAddress) listener.getLocalAddress()).getPort();
    }

    @ParameterizedTest
    @CsvSource({"INET, 127.0.0.1", "INET6, 127.0.0.1", "INET6, ::1"})
    void aProcessThatConnectsIsNotedInItsOwnContext(StandardProtocolFamily family, String host) throws Exception {
        long before = System.currentTimeMillis();
        try (ServerSocketChannel listener = listen();
                SocketChannel client = SocketChannel.open(family)) {
            client.connect(new InetSocketAddress(InetAddress.getByName(host), port(listener)));

            ConnectRecord noted = notes.find(tuple(client), here).orElseThrow();

            assertThat(noted.pid()).isEqualTo(ProcessHandle.current().pid());
            Map<String, Object> self = Files.readAttributes(Path.of("/proc/self"), "unix:uid,gid");
            assertThat(noted.uid()).isEqualTo(self.get("uid"));
            assertThat(noted.gid()).isEqualTo(self.get("gid"));
            assertThat(noted.networkNamespace()).isEqualTo(here);
            assertThat(bootMillis() - TimeUnit.NANOSECONDS.toMillis(noted.bootNanos()))
                    .isBetween(0L, System.currentTimeMillis() - before + 1000);
        }
    }

    private static long bootMillis() throws IOException {
        return (long) (Double.parseDouble(
                                Files.readString(Path.of("/proc/uptime")).split(" ", -1)[0])
                        * 1000)
                + 10;
    }

    @Test
    void itsExecutableIsNotedByInodeAndChange() throws Exception {
        try (ServerSocketChannel listener = listen();
                SocketChannel client = SocketChannel.open()) {
            client.connect(new InetSocketAddress("127.0.0.1", port(listener)));

            ConnectRecord noted = notes.find(tuple(client), here).orElseThrow();
            ConnectRecord.ProcessState process = noted.process().orElseThrow();

            Map<String, Object> exe = Files.readAttributes(Path.of("/proc/self/exe"), "unix:ino,ctime");
            ConnectRecord.ProgramFile program = process.program();
            assertThat(program.inode()).isEqualTo(exe.get("ino"));
            assertThat(TimeUnit.SECONDS.toNanos(program.ctimeSeconds()) + program.ctimeNanos())
                    .isEqualTo(((java.nio.file.attribute.FileTime) exe.get("ctime")).to(TimeUnit.NANOSECONDS));
            String stat = Files.readString(Path.of("/proc/self/stat"));
            assertThat(process.startTicks())
                    .isEqualTo(Long.parseLong(
                            stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1)[19]));
            String name = Files.readString(Path.of("/proc/self/comm")).strip();
            assertThat(noted.command()).isEqualTo(Bytes.copyOf(name.getBytes(StandardCharsets.UTF_8)));
        }
    }

    /** Binds and marks a socket before it connects. */
    private static EpollSocketChannel connect(
            MultiThreadIoEventLoopGroup loop, ServerSocketChannel listener, Optional<String> device, int mark)
            throws Exception {
        Bootstrap bootstrap = new Bootstrap()
                .group(loop)
                .channel(EpollSocketChannel.class)
                .option(new IntegerUnixChannelOption("SO_MARK", 1, 36), mark)
                .handler(new ChannelInboundHandlerAdapter());
        device.ifPresent(name -> bootstrap.option(
                new RawUnixChannelOption("SO_BINDTODEVICE", 1, 25, 16),
                ByteBuffer.allocateDirect(16)
                        .put(name.getBytes(StandardCharsets.UTF_8))
                        .rewind()));
        return (EpollSocketChannel)
                bootstrap.connect("127.0.0.1", port(listener)).sync().channel();
    }

    @Test
    void aSocketsMakerAndItsMarkAreNotedWithItsAddresses() throws Exception {
        try (MultiThreadIoEventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
                ServerSocketChannel listener = listen()) {
            EpollSocketChannel client = connect(loop, listener, Optional.empty(), 0x7001);

            ConnectRecord noted = notes.last(Tuple.tcp(client.localAddress(), client.remoteAddress()), here)
                    .orElseThrow();

            int self = (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
            assertThat(noted.socket()).contains(new ConnectRecord.SocketInfo(self, 0x7001));
        }
    }

    /** Another socket may have the same addresses and ports: only the sockets themselves show which is which. */
    @Test
    void aSocketThatIsBoundToADeviceIsNotTheOnlyOneOfItsAddresses() throws Exception {
        try (MultiThreadIoEventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
                ServerSocketChannel listener = listen()) {
            EpollSocketChannel client = connect(loop, listener, Optional.of("lo"), 0);
            Tuple tuple = Tuple.tcp(client.localAddress(), client.remoteAddress());

            assertThat(notes.find(tuple, here)).isPresent();
            assertThat(notes.last(tuple, here)).isEmpty();
        }
    }

    /** Later connections aren't recorded, so the addresses may be another connection's. */
    @Test
    void afterDetachingRecordsNeedTheSocket() throws Exception {
        Path group = Files.createDirectory(Kernel.cgroups().resolve("throughline-test-notes"));
        try (ConnectTracer ofGroup = ConnectTracer.open(group, 64);
                ServerSocketChannel listener = listen()) {
            Tuple tuple = connectFrom(group, listener);
            ConnectRecord record = ofGroup.last(tuple, here).orElseThrow();
            long checked = System.nanoTime();

            Files.delete(group);
            while (ofGroup.isAttached() || System.nanoTime() - checked < ConnectTracer.RECENT_NANOS) {
                Thread.onSpinWait();
            }

            assertThat(ofGroup.find(tuple, here)).isPresent();
            assertThat(ofGroup.last(tuple, here)).isEmpty();
            assertThat(ofGroup.seesConnections()).isFalse();
            assertThat(ofGroup.isRecent(record)).isFalse();
        } finally {
            Files.deleteIfExists(group);
        }
    }

    /** Otherwise an old record could count for a later connection that wasn't recorded. */
    @Test
    void aRecordIsRecentOnceAndSoonAfterACheck() throws Exception {
        try (ServerSocketChannel listener = listen()) {
            assertThat(notes.isRecent(connected(listener)))
                    .as("without a check")
                    .isFalse();

            ConnectRecord before = connected(listener);
            assertThat(notes.seesConnections()).isTrue();
            while (!notes.isRecent(before)) {
                // More than 50 ms passed since the record.
                before = connected(listener);
                assertThat(notes.seesConnections()).isTrue();
            }
            assertThat(notes.isRecent(before)).isFalse();

            ConnectRecord recent = connected(listener);
            while (!notes.isRecent(recent)) {
                // More than 50 ms passed since the check.
                assertThat(notes.seesConnections()).isTrue();
                recent = connected(listener);
            }
            assertThat(notes.isRecent(recent)).isFalse();
        }
    }

    private ConnectRecord connected(ServerSocketChannel listener) throws Exception {
        try (SocketChannel client = SocketChannel.open()) {
            client.connect(new InetSocketAddress("127.0.0.1", port(listener)));
            return notes.find(tuple(client), here).orElseThrow();
        }
    }

    /** Returns the connection of a process in a cgroup; both are gone when this returns. */
    private static Tuple connectFrom(Path group, ServerSocketChannel listener) throws Exception {
        String connect = "echo $$ >" + group + "/cgroup.procs; exec 3<>/dev/tcp/127.0.0.1/" + port(listener);
        Process process =
                new ProcessBuilder("/bin/bash", "-c", connect).inheritIO().start();
        try (SocketChannel accepted = listener.accept()) {
            assertThat(process.waitFor()).isZero();
            return Tuple.tcp(
                    (InetSocketAddress) accepted.getRemoteAddress(), (InetSocketAddress) accepted.getLocalAddress());
        }
    }

    @Test
    void nothingIsNotedOfAnotherNamespaceOrTuple() throws Exception {
        try (ServerSocketChannel listener = listen();
                SocketChannel client = SocketChannel.open()) {
            client.connect(new InetSocketAddress("127.0.0.1", port(listener)));
            Tuple tuple = tuple(client);
            assertThat(notes.find(tuple, here + 1)).isEmpty();
            assertThat(notes.find(Tuple.tcp(tuple.destination(), tuple.source()), here))
                    .isEmpty();
        }
    }

    /** Connects in a loop to a port without a listener. */
    private static Process connects(int uid, int count) throws IOException {
        String loop = "for ((i = 0; i < %d; i++)); do true 3<>/dev/tcp/127.0.0.1/1; done; true".formatted(count);
        return new ProcessBuilder(
                        "setpriv", "--reuid=" + uid, "--regid=" + uid, "--clear-groups", "/bin/bash", "-c", loop)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    @Test
    @Tag("attack")
    void aUserWhoConnectsInALoopEvictsNoRecordsOfOthers() throws Exception {
        assumeTrue(Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0), "only root can be others");
        Path group = Files.createDirectory(Kernel.cgroups().resolve("throughline-test-notes"));
        try (ConnectTracer few = ConnectTracer.open(Kernel.cgroups(), 2048, 16);
                ServerSocketChannel listener = listen()) {
            Tuple victim = connectFrom(group, listener);

            assertThat(connects(65534, 10_000).waitFor()).isZero();

            assertThat(few.find(victim, here).map(ConnectRecord::uid)).contains(0);
        } finally {
            Files.deleteIfExists(group);
        }
    }

    /** A user may have a whole range of subordinate ids. */
    @Test
    @Tag("attack")
    void idsOfOneRangeCountForOneUser() throws Exception {
        assumeTrue(Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0), "only root can be others");
        try (ConnectTracer few = ConnectTracer.open(Kernel.cgroups(), 2048, 16);
                ServerSocketChannel listener = listen()) {
            Process connects = new ProcessBuilder("python3", "-c", """
                    import os, socket
                    for uid in range(0x20000, 0x20000 + 200):
                        os.seteuid(0); os.setresuid(uid, uid, 0)
                        s = socket.socket(); s.connect(("127.0.0.1", %d))
                        print(s.getsockname()[1])
                        s.close(); os.setresuid(0, 0, 0)
                    """.formatted(port(listener)))
                    .redirectErrorStream(true)
                    .start();
            long noted = 0;
            InetSocketAddress here4 = new InetSocketAddress("127.0.0.1", port(listener));
            for (String line :
                    connects.inputReader(StandardCharsets.UTF_8).lines().toList()) {
                Tuple tuple = Tuple.tcp(new InetSocketAddress("127.0.0.1", Integer.parseInt(line)), here4);
                noted += few.find(tuple, here).isPresent() ? 1 : 0;
            }

            assertThat(connects.waitFor()).isZero();
            assertThat(noted).isBetween(1L, 150L);
        }
    }

    @Test
    void aFolderThatIsNoGroupIsRefusedAndNothingStaysAttached() {
        assertThatThrownBy(() -> ConnectTracer.open(Path.of("/proc"), 16))
                .isInstanceOf(OsException.class)
                .hasMessageStartingWith("bpf(LINK_CREATE) at /proc: EBADF");
    }
}

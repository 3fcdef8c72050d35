package dev.throughline.identify.ebpf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.throughline.header.Tuple;
import dev.throughline.platform.linux.BpfMap;
import dev.throughline.platform.linux.NetworkNamespace;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Hops of one host share one tracer, and leave nothing behind. */
class PinnedObjectsTest {
    private static final int SOL_SOCKET = 1;
    private static final int SO_COOKIE = 57;

    @TempDir
    private Path bpffs;

    private boolean mounted;

    @BeforeEach
    void mount() throws Exception {
        Kernel.assumeTracingIsPossible();
        mounted = run("mount", "-t", "bpf", "bpf", bpffs.toString());
        assumeTrue(mounted, "needs CAP_SYS_ADMIN to mount a BPF file system");
    }

    @AfterEach
    void unmount() throws Exception {
        if (mounted) {
            run("umount", bpffs.toString());
        }
    }

    private static boolean run(String... command) throws Exception {
        return new ProcessBuilder(command).inheritIO().start().waitFor() == 0;
    }

    private ConnectTracer share() throws IOException {
        return ConnectTracer.shared(Kernel.cgroups(), 1024, bpffs);
    }

    private List<Path> folders() throws IOException {
        try (Stream<Path> names = Files.list(bpffs.resolve("throughline"))) {
            return names.toList();
        }
    }

    private static boolean isNoted(ConnectTracer notes) throws IOException {
        try (ServerSocketChannel listener = ServerSocketChannel.open().bind(new InetSocketAddress("127.0.0.1", 0));
                SocketChannel client = SocketChannel.open(listener.getLocalAddress())) {
            return noted(notes, client).isPresent();
        }
    }

    private static Optional<ConnectRecord> noted(ConnectTracer notes, SocketChannel client) throws IOException {
        Tuple tuple =
                Tuple.tcp((InetSocketAddress) client.getLocalAddress(), (InetSocketAddress) client.getRemoteAddress());
        return notes.find(tuple, NetworkNamespace.cookie());
    }

    @Test
    void aSecondHopSharesTheRecordsAndKeepsThemWhenTheFirstStops() throws Exception {
        ConnectTracer first = share();
        try (ServerSocketChannel listener = ServerSocketChannel.open().bind(new InetSocketAddress("127.0.0.1", 0));
                SocketChannel client = SocketChannel.open(listener.getLocalAddress())) {
            ConnectTracer second = share();
            assertThat(noted(second, client)).isPresent();
            first.close();
            assertThat(isNoted(second)).isTrue();
            second.close();
        }
        assertThat(folders()).isEmpty();
    }

    /** The table is readable by other programs, such as bpftool. */
    @Test
    void theCallerOfASocketIsNotedUnderTheSocketsCookie() throws Exception {
        try (ConnectTracer notes = share();
                BpfMap byCookie = openByCookie();
                ServerSocketChannel listener = ServerSocketChannel.open().bind(new InetSocketAddress("127.0.0.1", 0));
                SocketChannel client = SocketChannel.open(listener.getLocalAddress())) {
            ConnectRecord noted = noted(notes, client).orElseThrow();
            assertThat(find(byCookie, noted.cookie())).contains(noted);

            assertThat(find(byCookie, cookieOfSender((InetSocketAddress) listener.getLocalAddress())))
                    .map(ConnectRecord::pid)
                    .contains(noted.pid());
        }
    }

    /** The cookie of a UDP socket (SO_COOKIE, from asm-generic/socket.h) that sent one byte, closed again. */
    private static long cookieOfSender(InetSocketAddress destination) throws IOException {
        Epoll.ensureAvailability();
        Socket sender = Socket.newSocketDgram();
        try {
            sender.sendTo(ByteBuffer.allocateDirect(1), 0, 1, destination.getAddress(), destination.getPort());
            ByteBuffer cookie = ByteBuffer.allocateDirect(Long.BYTES).order(ByteOrder.nativeOrder());
            sender.getRawOpt(SOL_SOCKET, SO_COOKIE, cookie);
            return cookie.getLong(0);
        } finally {
            sender.close();
        }
    }

    private BpfMap openByCookie() throws IOException {
        return BpfMap.open(
                folders().getFirst().resolve(ConnectObjects.BY_COOKIE),
                new BpfMap.Shape(BpfMap.Type.LRU_HASH, ConnectCode.COOKIE_BYTES, ConnectRecord.BYTES, 0));
    }

    private static Optional<ConnectRecord> find(BpfMap byCookie, long cookie) throws IOException {
        ByteBuffer key = ByteBuffer.allocate(ConnectCode.COOKIE_BYTES).order(ByteOrder.nativeOrder());
        return byCookie.find(key.putLong(0, cookie).array(), ConnectRecord::read);
    }

    /** A hop that shares the tracer, in its own process. */
    static final class Sharing {
        private Sharing() {}

        /** Shares the tracer at a BPF file system until it is killed. */
        public static void main(String[] bpffs) throws Exception {
            try (ConnectTracer notes = ConnectTracer.shared(Kernel.cgroups(), 1024, Path.of(bpffs[0]))) {
                System.out.println("shared: " + notes.isShared());
                Thread.sleep(Duration.ofMinutes(5));
            }
        }
    }

    private Process shareInProcess() throws IOException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Sharing.class.getName(),
                        bpffs.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        assertThat(process.inputReader().readLine()).isEqualTo("shared: true");
        return process;
    }

    /** After a crash of all hops: the pinned objects still exist and record. */
    @Test
    void theRestOfACrashIsUsedAndThenRemoved() throws Exception {
        Process crashed = shareInProcess();
        Path left = folders().getFirst();
        crashed.destroyForcibly().waitFor();
        ConnectTracer next = share();
        assertThat(folders()).containsExactly(left);
        assertThat(isNoted(next)).isTrue();
        next.close();
        assertThat(Files.exists(left)).isFalse();
    }

    @Test
    void incompleteStateIsReplaced() throws Exception {
        Process crashed = shareInProcess();
        Files.delete(folders().getFirst().resolve("link_4"));
        crashed.destroyForcibly().waitFor();
        try (ConnectTracer next = share()) {
            assertThat(isNoted(next)).isTrue();
        }
        assertThat(folders()).isEmpty();
    }

    /** Otherwise another user could lock it, and no hop could start or stop. */
    @ParameterizedTest
    @ValueSource(strings = {"rwxrwxrwx", "rwxr-xr-x"})
    void aParentThatIsOpenToOthersIsNotUsed(String mode) throws Exception {
        Path parent = Files.createDirectory(bpffs.resolve("throughline"));
        Files.setPosixFilePermissions(parent, PosixFilePermissions.fromString(mode));
        assertThatThrownBy(this::share).hasMessageContaining("belongs to another user or is open to others");
    }

    @Test
    void aFolderThatOthersMayWriteIsNotTrusted() throws Exception {
        ConnectTracer first = share();
        Path folder = folders().getFirst();
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
        assertThatThrownBy(this::share)
                .isInstanceOf(IOException.class)
                .hasMessageContaining("belongs to another user or is open to others");
        first.close();
    }

    @Test
    void aFolderOfAnotherUserIsNotTrusted() throws Exception {
        ConnectTracer first = share();
        Path folder = folders().getFirst();
        assertThat(run("chown", "65534", folder.toString())).isTrue();
        assertThatThrownBy(this::share).hasMessageContaining("belongs to another user");
        first.close();
    }
}

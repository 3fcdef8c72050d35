package dev.throughline.identify.ebpf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.throughline.header.Tuple;
import dev.throughline.platform.linux.NetworkNamespace;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Hops of one host share one tracer, and leave nothing behind. */
class PinnedObjectsTest {
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
            Tuple tuple = Tuple.tcp(
                    (InetSocketAddress) client.getLocalAddress(), (InetSocketAddress) client.getRemoteAddress());
            return notes.find(tuple, NetworkNamespace.cookie()).isPresent();
        }
    }

    @Test
    void aSecondHopSharesTheRecordsAndKeepsThemWhenTheFirstStops() throws Exception {
        ConnectTracer first = share();
        try (ServerSocketChannel listener = ServerSocketChannel.open().bind(new InetSocketAddress("127.0.0.1", 0));
                SocketChannel client = SocketChannel.open(listener.getLocalAddress())) {
            ConnectTracer second = share();
            Tuple tuple = Tuple.tcp(
                    (InetSocketAddress) client.getLocalAddress(), (InetSocketAddress) client.getRemoteAddress());
            assertThat(second.find(tuple, NetworkNamespace.cookie())).isPresent();
            first.close();
            assertThat(isNoted(second)).isTrue();
            second.close();
        }
        assertThat(folders()).isEmpty();
    }

    /** After a crash of all hops: the pinned objects still exist and record. */
    @Test
    void theRestOfACrashIsUsedAndThenRemoved() throws Exception {
        ConnectTracer crashed = share();
        Path left = folders().getFirst();
        ConnectTracer next = share();
        crashed.abandon();
        assertThat(isNoted(next)).isTrue();
        next.close();
        assertThat(Files.exists(left)).isFalse();
    }

    @Test
    void incompleteStateIsReplaced() throws Exception {
        ConnectTracer crashed = share();
        Files.delete(folders().getFirst().resolve("link_4"));
        crashed.abandon();
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

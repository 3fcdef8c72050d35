package dev.throughline.identify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.common.base.Splitter;
import dev.throughline.header.Bytes;
import dev.throughline.header.Tuple;
import dev.throughline.identify.ebpf.ConnectTracer;
import dev.throughline.identify.ebpf.Kernel;
import dev.throughline.originator.Code;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.ProcessContext;
import dev.throughline.originator.ProcessIdentity;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files of file systems and mount namespaces of users, or whose stat(2) differs from the kernel's attributes. */
@Timeout(120)
class ForeignFilesTest {
    private static final List<String> AS_NOBODY =
            List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "unshare", "-Urm");
    private static final String STAY = "echo ready >&3; read -r line <&3";
    private static final String LEAVE = "echo ready >&3";

    @TempDir
    private Path folder;

    private final List<Path> mounted = new ArrayList<>();
    private ConnectTracer notes;
    private ProcessIdentifier identifier;
    private Path bash;

    @BeforeEach
    void open() throws IOException {
        Kernel.assumeTracingIsPossible();
        assumeTrue(
                Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0)
                        && Files.readString(Path.of("/proc/self/uid_map")).contains("4294967295"),
                "needs root, and other users");
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        folder = folder.toRealPath();
        bash = Path.of("/bin/bash").toRealPath();
        notes = ConnectTracer.open(Kernel.cgroups(), 1 << 12);
        identifier = ProcessIdentifier.open(IdentifyLimits.NORMAL, Optional.of(Known.COMMAND_LINES));
        identifier.use(Optional.of(notes));
    }

    @AfterEach
    void close() throws Exception {
        for (Path mount : mounted.reversed()) {
            new ProcessBuilder("umount", "-l", mount.toString()).start().waitFor();
        }
        if (identifier != null) {
            identifier.close();
            notes.close();
        }
    }

    private ProcessIdentity identify(Application application) {
        ProcessIdentity who = identifier.identify(application.tuple()).join().identity();
        assertThat(who.evidence()).isEqualTo(Evidence.KERNEL_CONNECT);
        return who;
    }

    private static Bytes sha256(Path file) throws Exception {
        return ExecutableDigestsTest.sha256(Files.readAllBytes(file));
    }

    private static void assertNeitherPathNorHash(Code code) {
        assertThat(code.executable()).isEmpty();
        assertThat(code.sha256()).isEmpty();
        assertThat(code.state()).isEmpty();
    }

    private static void run(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(said).isZero();
    }

    private static boolean isOnPath(String program) {
        return Splitter.on(':')
                .splitToStream(System.getenv("PATH"))
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
    }

    private Path mount(String type, String options, String what, String name) throws Exception {
        Path at = Files.createDirectory(folder.resolve(name));
        run("mount", "-t", type, "-o", options, what, at.toString());
        mounted.add(at);
        return at;
    }

    private Path copyOfBash(Path to) throws IOException {
        Files.copy(bash, to);
        Files.setPosixFilePermissions(to, PosixFilePermissions.fromString("rwxr-xr-x"));
        return to;
    }

    /** Returns the command prefix that serves a file system at {@code at} while a command runs. */
    private List<String> served(Path at, String... more) throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/python3")), "needs python3");
        assumeTrue(Files.exists(Path.of("/dev/fuse")), "needs /dev/fuse");
        Path server = folder.resolve("served.py");
        try (InputStream source = Objects.requireNonNull(getClass().getResourceAsStream("served.py"))) {
            Files.copy(source, server);
        }
        Files.setPosixFilePermissions(server, PosixFilePermissions.fromString("rw-r--r--"));
        // On most hosts every user may use the device; the test allows it here too.
        Path device = folder.resolve("fuse");
        run("mknod", "-m", "666", device.toString(), "c", "10", "229");
        List<String> command = new ArrayList<>(List.of(
                "/usr/bin/python3",
                server.toString(),
                device.toString(),
                at.toString(),
                "bash",
                bash.toString(),
                bash.toString()));
        command.addAll(List.of(more));
        command.add("--");
        return command;
    }

    private static List<String> both(List<String> first, List<String> second) {
        List<String> all = new ArrayList<>(first);
        all.addAll(second);
        return all;
    }

    /** It has the inode, change time and name of the host's own program, but another device. */
    @ParameterizedTest
    @ValueSource(strings = {STAY, LEAVE})
    void aProgramOfAUsersFileSystemHasNoOthersPathOrHash(String script) throws Exception {
        Path at = Files.createDirectory(folder.resolve("mnt"));
        try (Application application =
                Application.run(both(AS_NOBODY, served(at)), at.resolve("bash").toString(), script)) {
            if (script.equals(LEAVE)) {
                application.process().waitFor();
            }
            ProcessIdentity who = identify(application);

            assertNeitherPathNorHash(who.code());
            assertThat(who.code().file().orElseThrow().inode()).isEqualTo(Files.getAttribute(bash, "unix:ino"));
            assertThat(who.code().file())
                    .isNotEqualTo(Optional.of(FileVersion.of(bash).id()));
        }
        // The cached result isn't used for the other file either.
        try (Application application = Application.run(STAY)) {
            assertThat(identify(application).code().executable()).contains(bash.toString());
            assertThat(identify(application).code().sha256()).contains(sha256(bash));
        }
    }

    /** Through an overlay, a user can still serve different bytes to each reader. */
    @Test
    void aFileThatAUserServesThroughAnOverlayIsNotHashed() throws Exception {
        Path at = Files.createDirectory(folder.resolve("mnt"));
        Path merged = Files.createDirectory(folder.resolve("merged"));
        String overlay = "mount -t overlay -o lowerdir=" + at + ":" + Files.createDirectory(folder.resolve("empty"))
                + " none " + merged + " && exec \"$0\" \"$@\"";
        List<String> wrapper = both(both(AS_NOBODY, served(at)), List.of("/bin/sh", "-c", overlay));
        try (Application application =
                Application.run(wrapper, merged.resolve("bash").toString(), STAY)) {
            assertNeitherPathNorHash(identify(application).code());
        }
    }

    /** In their own mount namespace, users can give any file any path. */
    @Test
    void aPathOfAUsersMountNamespaceIsNotReported() throws Exception {
        Path tool = copyOfBash(folder.resolve("tool"));
        String bind = "mount --bind " + tool + " /usr/bin/env && exec \"$0\" \"$@\"";
        try (Application application =
                Application.run(both(AS_NOBODY, List.of("/bin/sh", "-c", bind)), "/usr/bin/env", STAY)) {
            Code code = identify(application).code();
            assertThat(code.executable()).isEmpty();
            assertThat(code.sha256()).as("the hash is correct").contains(sha256(tool));
        }
        try (Application application = Application.run(List.of(), tool.toString(), LEAVE)) {
            application.process().waitFor();
            assertThat(identify(application).code().executable())
                    .as("root's file, which was deleted")
                    .isEmpty();
        }
    }

    /** The kernel reports "/usr/bin/env (deleted)"; the user chose the name. */
    @Test
    void aDeletedPathOfAUsersMountNamespaceIsNotReported() throws Exception {
        String hide = "mount -t tmpfs none /usr/sbin && cp " + bash + " /usr/sbin/nft && chmod 755 /usr/sbin/nft"
                + " && exec \"$0\" \"$@\"";
        try (Application application = Application.run(
                both(AS_NOBODY, List.of("/bin/sh", "-c", hide)), "/usr/sbin/nft", "rm /usr/sbin/nft; " + STAY)) {
            Code code = identify(application).code();
            assertThat(code.executable()).isEmpty();
            assertThat(code.state()).isEmpty();
        }
    }

    /** A sandboxed service has its own mount namespace, with programs at the usual paths. */
    @ParameterizedTest
    @ValueSource(strings = {STAY, LEAVE})
    void aPathThatLeadsToTheSameFileHereIsReported(String script) throws Exception {
        try (Application application = Application.run(List.of("unshare", "-m"), bash.toString(), script)) {
            if (script.equals(LEAVE)) {
                application.process().waitFor();
            }
            Code code = identify(application).code();
            assertThat(code.executable()).contains(bash.toString());
            assertThat(code.sha256()).contains(sha256(bash));
        }
    }

    /** For a file in a lower layer, stat(2) shows another device than that of the overlay. */
    @Test
    void aProgramOfAnOverlayIsKnown() throws Exception {
        Path lower = mount("tmpfs", "mode=755", "none", "lower");
        copyOfBash(lower.resolve("tool"));
        for (String name : List.of("upper", "work")) {
            Files.createDirectory(folder.resolve(name));
        }
        Path merged = mount(
                "overlay",
                "lowerdir=" + lower + ",upperdir=" + folder.resolve("upper") + ",workdir=" + folder.resolve("work"),
                "none",
                "merged");
        assertKnown(merged.resolve("tool"));
        Files.setPosixFilePermissions(merged.resolve("tool"), PosixFilePermissions.fromString("rwxr-xr-x"));
        assertKnown(merged.resolve("tool"));
        assertKnown(copyOfBash(merged.resolve("new")));
    }

    @Test
    void aProgramOfATmpfsIsKnown() throws Exception {
        assertKnown(copyOfBash(mount("tmpfs", "mode=755", "none", "mnt").resolve("tool")));
    }

    /** A snapshot has the inodes, times and bytes of its original, and another device in stat(2). */
    @Test
    void aProgramOfASubvolumeIsKnown() throws Exception {
        assumeTrue(
                isOnPath("mkfs.btrfs") && Files.exists(Path.of("/dev/loop-control")),
                "needs btrfs-progs and loop devices");
        Path image = folder.resolve("image");
        run("truncate", "-s", "256M", image.toString());
        run("mkfs.btrfs", "-q", image.toString());
        Path at = mount("btrfs", "loop", image.toString(), "mnt");
        run("btrfs", "-q", "subvolume", "create", at.resolve("one").toString());
        Path original = copyOfBash(at.resolve("one/tool"));
        run("sync", "-f", at.toString());
        run(
                "btrfs",
                "-q",
                "subvolume",
                "snapshot",
                at.resolve("one").toString(),
                at.resolve("two").toString());
        Path snapshot = at.resolve("two/tool");
        assertThat(Files.getAttribute(snapshot, "unix:ino")).isEqualTo(Files.getAttribute(original, "unix:ino"));

        assertKnown(original);
        assertKnown(snapshot);
        assertKnown(original);
    }

    /** While it runs, and afterwards, because the hop saw it run. */
    private void assertKnown(Path program) throws Exception {
        for (String script : List.of(STAY, LEAVE)) {
            try (Application application = Application.run(List.of(), program.toString(), script)) {
                if (script.equals(LEAVE)) {
                    application.process().waitFor();
                }
                Code code = identify(application).code();
                assertThat(code.executable()).as(script).contains(program.toString());
                assertThat(code.sha256()).as(script).contains(sha256(program));
                assertThat(code.file()).contains(FileVersion.of(program).id());
            }
        }
    }

    /** The file system's server hangs while a program on it runs: other processes are identified at once. */
    @Test
    void aFileSystemThatHangsTouchesNobodyElse() throws Exception {
        Path at = Files.createDirectory(folder.resolve("mnt"));
        mounted.add(at);
        Path hang = folder.resolve("mnt.hang");
        try (Application hung =
                Application.run(served(at, "hang"), at.resolve("bash").toString(), STAY)) {
            Files.createFile(hang);

            CompletableFuture<SocketIdentity> answer = identifier.identify(hung.tuple());
            for (int i = 0; i < 5; i++) {
                try (Application other = Application.run(AS_NOBODY, bash.toString(), STAY)) {
                    ProcessIdentity who = identifier
                            .identify(other.tuple())
                            .orTimeout(IdentifyLimits.NORMAL.processDeadline().toMillis(), TimeUnit.MILLISECONDS)
                            .join()
                            .identity();
                    assertThat(who.code().executable()).contains(bash.toString());
                    assertThat(who.code().sha256()).contains(sha256(bash));
                    assertThat(who.credentials().orElseThrow().uid()).isEqualTo(65534);
                }
            }

            assertThat(answer.join().identity().evidence()).isEqualTo(Evidence.KERNEL_CONNECT);
            assertThat(answer.join().identity().workload().cgroup()).isPresent();
            assertNeitherPathNorHash(answer.join().identity().code());
            assertThat(identifier.abandonedReads()).isPositive();
            assertThat(identifier.hanging()).containsExactly("the file system at " + at);
            Files.delete(hang);
        }
        while (!identifier.hanging().isEmpty()) {
            Thread.onSpinWait();
        }
    }

    /** Two runs of one interpreter in one process: exec(2) keeps its pid and start. */
    @Test
    void theCommandLineIsThatOfTheRunThatConnected() throws Exception {
        String connect = "exec 4<>/dev/tcp/127.0.0.1/$0; read -r line <&4; ";
        try (ServerSocket listener = new ServerSocket(0, 2, InetAddress.getByName("127.0.0.1"))) {
            String port = Integer.toString(listener.getLocalPort());
            Process process = new ProcessBuilder(
                            bash.toString(), "-c", connect + "exec " + bash + " -c '" + connect + "' $0 other", port)
                    .inheritIO()
                    .start();
            List<Optional<Bytes>> hashes = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                try (Socket accepted = listener.accept()) {
                    Tuple tuple = Tuple.tcp((InetSocketAddress) accepted.getRemoteSocketAddress(), (InetSocketAddress)
                            accepted.getLocalSocketAddress());
                    ProcessIdentity who = identifier.identify(tuple).join().identity();
                    assertThat(who.process().orElseThrow().pid()).isEqualTo((int) process.pid());
                    assertThat(who.code().executable()).contains(bash.toString());
                    assertThat(who.processContext().commandLineHash())
                            .isEqualTo(Known.COMMAND_LINES.of(Path.of("/proc/" + process.pid() + "/cmdline")));
                    hashes.add(who.processContext().commandLineHash());
                    accepted.getOutputStream().write('\n');
                }
            }
            assertThat(hashes).doesNotHaveDuplicates().allMatch(Optional::isPresent);
            assertThat(process.waitFor()).isZero();
        }
    }

    /** A script that connects by itself, with the arguments of {@link Application}. */
    private static Path script(Path at) throws IOException {
        Files.writeString(at, "#!/bin/bash\neval \"$3\"\n");
        Files.setPosixFilePermissions(at, PosixFilePermissions.fromString("rwxr-xr-x"));
        return at;
    }

    private Optional<String> scriptOf(List<String> wrapper) throws Exception {
        try (Application application = Application.run(wrapper, bash.toString(), STAY)) {
            Code code = identify(application).code();
            assertThat(code.executable()).contains(bash.toString());
            return code.script();
        }
    }

    /** The interpreter opens the script again by its path: only root may be able to replace it. */
    @Test
    void aScriptIsReportedWhereOnlyRootCanChangeIt() throws Exception {
        Path roots = Files.createTempDirectory(Path.of("/usr/local/lib"), "throughline-test-");
        try {
            Files.setPosixFilePermissions(roots, PosixFilePermissions.fromString("rwxr-xr-x"));
            Path script = script(roots.resolve("run"));
            Path link = Files.createSymbolicLink(roots.resolve("link"), Path.of("run"));
            assertThat(scriptOf(List.of(script.toString()))).contains(script.toString());
            assertThat(scriptOf(List.of(link.toString()))).contains(script.toString());
            assertThat(scriptOf(List.of("setpriv", "--reuid=65534", "--clear-groups", script.toString())))
                    .as("another user runs it")
                    .contains(script.toString());
            assertThat(scriptOf(List.of())).as("no script").isEmpty();
            assertThat(scriptOf(List.of(bash.toString(), script.toString())))
                    .as("an argument of its interpreter")
                    .isEmpty();
            assertThat(scriptOf(both(AS_NOBODY, List.of(script.toString()))))
                    .as("a user's own mount namespace")
                    .isEmpty();
            assertThat(scriptOf(List.of("/bin/sh", "-c", "cd " + roots + " && exec ./run \"$@\"", "--")))
                    .as("a relative name")
                    .isEmpty();

            Path users = script(folder.resolve("run"));
            assertThat(scriptOf(List.of(users.toString()))).as("below /tmp").isEmpty();
            Files.createSymbolicLink(roots.resolve("out"), users);
            assertThat(scriptOf(List.of(roots.resolve("out").toString())))
                    .as("a link to there")
                    .isEmpty();
            Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxrwxr-x"));
            assertThat(scriptOf(List.of(script.toString())))
                    .as("a group may write to it")
                    .isEmpty();
        } finally {
            run("rm", "-r", roots.toString());
        }
    }

    /** The kernel recorded the parent when its child connected. */
    @Test
    void theParentIsKnownWithItsExecutable() throws Exception {
        Path java = Path.of("/proc/self/exe").toRealPath();
        try (Application application = Application.run(STAY)) {
            ProcessContext processContext = identify(application).processContext();
            assertThat(processContext.parent()).contains(OwnProcess.id());
            assertThat(processContext.parentExecutable()).contains(java.toString());
            assertThat(processContext.parentSha256()).contains(sha256(java));
        }
    }

    /** Another process has adopted the child since. */
    @Test
    void theParentIsTheOneOfTheConnectAlsoIfItHasEnded() throws Exception {
        Path parent = copyOfBash(folder.resolve("parent"));
        try (Application application = Application.run(
                List.of(parent.toString(), "-c", "\"$@\" & while [ ! -e \"$0.end\" ]; do :; done", parent.toString()),
                bash.toString(),
                STAY)) {
            ProcessIdentity who = identify(application);
            assertThat(who.processContext().parentExecutable()).contains(parent.toString());
            Files.createFile(folder.resolve("parent.end"));
            application.process().waitFor();

            ProcessContext processContext = identify(application).processContext();
            assertThat(processContext.parent().orElseThrow().pid()).isEqualTo(application.pid());
            assertThat(processContext.parentExecutable()).contains(parent.toString());
        }
    }
}

package dev.throughline.identify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.throughline.header.Tuple;
import dev.throughline.identify.ebpf.ConnectTracer;
import dev.throughline.identify.ebpf.Kernel;
import dev.throughline.originator.Credentials;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.ProcessId;
import dev.throughline.originator.ProcessIdentity;
import dev.throughline.platform.linux.BootClock;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The process that called connect(2) is named, whatever happened to it and to its socket since. */
@Timeout(120)
class ConnectRecordResolverTest {
    private static final List<String> AS_NOBODY =
            List.of("setpriv", "--reuid=65534", "--regid=65533", "--clear-groups");

    private ConnectTracer notes;
    private ProcessIdentifier identifier;

    @TempDir
    private Path directory;

    @BeforeEach
    void open() throws IOException {
        Kernel.assumeTracingIsPossible();
        notes = ConnectTracer.open(Kernel.cgroups(), 1 << 16);
        identifier = ProcessIdentifier.open(IdentifyLimits.NORMAL, Optional.of(Known.COMMAND_LINES));
        identifier.use(Optional.of(notes));
    }

    @AfterEach
    void close() throws IOException {
        if (identifier != null) {
            identifier.close();
            notes.close();
        }
    }

    private ProcessIdentity identify(Application application) {
        return identifier.identify(application.tuple()).join().identity();
    }

    private static String bash() throws IOException {
        return Path.of("/bin/bash").toRealPath().toString();
    }

    @Test
    void anApplicationIsNamedWithAllItsParts() throws Exception {
        try (Application application = Application.run(AS_NOBODY, "/bin/bash", "echo ready >&3; read -r line <&3")) {
            SocketIdentity owner = identifier.identify(application.tuple()).join();
            ProcessIdentity who = owner.identity();

            assertThat(who.evidence()).isEqualTo(Evidence.KERNEL_CONNECT);
            Path proc = Path.of("/proc/" + application.pid());
            assertThat(who.process())
                    .contains(new ProcessId(
                            application.pid(), ProcText.startTime(Files.readString(proc.resolve("stat")))));
            assertThat(who.credentials()).contains(new Credentials(65534, 65534, 65533));
            assertThat(owner.uid()).hasValue(65534);
            assertThat(who.code().executable()).contains(bash());
            assertThat(who.code().sha256()).contains(ExecutableDigestsTest.sha256(Files.readAllBytes(Path.of(bash()))));
            assertThat(who.code().command()).contains("bash");
            assertThat(who.workload().cgroup())
                    .isEqualTo(ProcText.cgroup(Files.readString(proc.resolve("cgroup")))
                            .flatMap(CgroupName::path));
            Known.assertAllOf(application, who);
            assertThat(identifier.scans()).isZero();
        }
    }

    /** Two connections of one process, with different effective users. */
    @Test
    void theEffectiveUserIsTheOneOfEachConnect() throws Exception {
        try (ServerSocket listener = new ServerSocket(0, 2, InetAddress.getByName("127.0.0.1"))) {
            String connect = "exec 3<>/dev/tcp/127.0.0.1/" + listener.getLocalPort() + "; read -r line <&3";
            Process process = new ProcessBuilder(
                            "/bin/bash",
                            "-c",
                            connect + "; exec setpriv --euid 65534 /bin/bash -p -c '" + connect + "'")
                    .inheritIO()
                    .start();
            for (int uid : new int[] {0, 65534}) {
                try (Socket accepted = listener.accept()) {
                    ProcessIdentity who =
                            identifier.identify(tuple(accepted)).join().identity();
                    assertThat(who.process().orElseThrow().pid()).isEqualTo((int) process.pid());
                    assertThat(who.code().executable()).contains(bash());
                    assertThat(who.credentials()).contains(new Credentials(0, uid, 0));
                    accepted.getOutputStream().write('\n');
                }
            }
            assertThat(process.waitFor()).isZero();
        }
    }

    /** A process may change its name: the name at connect(2) is reported. */
    @Test
    void theNameIsTheOneOfEachConnect() throws Exception {
        try (ServerSocket listener = new ServerSocket(0, 2, InetAddress.getByName("127.0.0.1"))) {
            String connect = "exec 3<>/dev/tcp/127.0.0.1/" + listener.getLocalPort() + "; read -r line <&3; ";
            Process process = new ProcessBuilder(
                            "/bin/bash", "-c", connect + "printf other >/proc/$$/comm; " + connect + "exec 3>&-")
                    .inheritIO()
                    .start();
            for (String name : List.of("bash", "other")) {
                try (Socket accepted = listener.accept()) {
                    ProcessIdentity who =
                            identifier.identify(tuple(accepted)).join().identity();
                    assertThat(who.process().orElseThrow().pid()).isEqualTo((int) process.pid());
                    assertThat(who.code().executable()).contains(bash());
                    assertThat(who.code().command()).contains(name);
                    accepted.getOutputStream().write('\n');
                }
            }
            assertThat(process.waitFor()).isZero();
        }
    }

    /** The process is gone from /proc, but the kernel's record remains. */
    @Test
    void processesThatAreGoneAreNamed() throws Exception {
        int count = 200;
        try (ServerSocket listener = new ServerSocket(0, count, InetAddress.getByName("127.0.0.1"))) {
            Process all = new ProcessBuilder(
                            "/bin/bash",
                            "-c",
                            "for i in $(seq " + count + "); do /bin/bash -c 'exec 3<>/dev/tcp/127.0.0.1/"
                                    + listener.getLocalPort() + "; echo $$ >&3' & done; wait")
                    .inheritIO()
                    .start();
            assertThat(all.waitFor()).isZero();
            for (int i = 0; i < count; i++) {
                try (Socket accepted = listener.accept()) {
                    ProcessIdentity who =
                            identifier.identify(tuple(accepted)).join().identity();
                    assertThat(who.evidence()).isEqualTo(Evidence.KERNEL_CONNECT);
                    assertThat(who.process().orElseThrow().pid()).isEqualTo(pidThatWasSent(accepted));
                    assertThat(who.code().executable()).contains(bash());
                    assertThat(who.code().sha256()).isPresent();
                    assertThat(who.code().command()).contains("bash");
                }
            }
        }
    }

    private static Tuple tuple(Socket accepted) {
        return Tuple.tcp((InetSocketAddress) accepted.getRemoteSocketAddress(), (InetSocketAddress)
                accepted.getLocalSocketAddress());
    }

    private static int pidThatWasSent(Socket accepted) throws IOException {
        return Integer.parseInt(
                new BufferedReader(new InputStreamReader(accepted.getInputStream(), StandardCharsets.UTF_8))
                        .readLine());
    }

    /** The executable is the one that ran at connect(2), not the one that runs now. */
    @Test
    void afterExecTheExecutableIsTheOneThatConnected() throws Exception {
        try (Application application = Application.run("echo ready >&3; exec /usr/bin/sleep 1000")) {
            Path exe = Path.of("/proc/" + application.pid() + "/exe");
            Path sleep = Path.of("/usr/bin/sleep").toRealPath();
            while (!exe.toRealPath().equals(sleep)) {
                Thread.onSpinWait();
            }

            ProcessIdentity who = identify(application);

            assertThat(who.process().orElseThrow().pid()).isEqualTo(application.pid());
            assertThat(who.code().executable()).contains(bash());
            assertThat(who.code().command()).contains("bash");
            assertThat(who.code().file())
                    .contains(FileVersion.of(Path.of(bash())).id());
            assertThat(who.code().state()).isEmpty();
            assertThat(who.processContext().commandLineHash())
                    .as("the line is another program's")
                    .isEmpty();
            assertThat(who.processContext().parent().orElseThrow().pid())
                    .isEqualTo((int) ProcessHandle.current().pid());
        }
    }

    /** An executable that no other process ran, outside of the usual directories, is unknown then. */
    @Test
    void afterExecAnExecutableThatIsntToBeFoundIsUnknown() throws Exception {
        Path own = Files.copy(Path.of(bash()), directory.resolve("own"));
        try (Application application =
                Application.run(List.of(), own.toString(), "echo ready >&3; exec /usr/bin/sleep 1000")) {
            Path exe = Path.of("/proc/" + application.pid() + "/exe");
            while (exe.toRealPath().equals(own.toRealPath())) {
                Thread.onSpinWait();
            }

            ProcessIdentity who = identify(application);

            assertThat(who.process().orElseThrow().pid()).isEqualTo(application.pid());
            assertThat(who.code().executable()).isEmpty();
            assertThat(who.code().sha256()).isEmpty();
            assertThat(who.code().command()).contains("own");
        }
    }

    /** The process is in another cgroup now. */
    @Test
    void theControlGroupIsTheOneThatConnected() throws Exception {
        Path groups = Kernel.cgroups();
        String unit = "throughline-test-" + ProcessHandle.current().pid() + ".scope";
        Path group = groups.resolve(unit);
        Path before = Path.of(groups
                + ProcText.cgroup(Files.readString(Path.of("/proc/self/cgroup")))
                        .flatMap(CgroupName::path)
                        .orElseThrow());
        assumeTrue(group.toFile().mkdir(), "needs to make control groups");
        try (Application application = Application.run(
                List.of("/bin/bash", "-c", "echo $$ > " + group + "/cgroup.procs && exec \"$@\"", "--"),
                "/bin/bash",
                "echo $$ > " + before + "/cgroup.procs; echo ready >&3; read -r line <&3")) {
            ProcessIdentity who = identify(application);
            assertThat(who.workload().cgroup()).contains("/" + unit);
            assertThat(who.workload().unit()).contains(unit);
        } finally {
            assertThat(group.toFile().delete()).isTrue();
        }
    }

    @Test
    void aSocketThatAChildInheritedIsStillTheParents() throws Exception {
        try (Application application = Application.run("sleep 1000 & echo ready >&3; wait")) {
            ProcessIdentity who = identify(application);
            assertThat(who.evidence()).isEqualTo(Evidence.KERNEL_CONNECT);
            assertThat(who.process().orElseThrow().pid()).isEqualTo(application.pid());
        }
    }

    @Test
    void aClosedSocketIsStillItsOpeners() throws Exception {
        try (Application application = Application.run("echo ready >&3; exec 3>&-; read -r line")) {
            assertThat(application.accepted().getInputStream().read()).isEqualTo(-1);
            assertThat(identify(application).process().orElseThrow().pid()).isEqualTo(application.pid());
            assertThat(identifier.user(application.tuple()))
                    .hasValue((int) Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
        }
    }

    /** Another process has the same pid: the process that connected is reported. */
    @Test
    void aPidThatWasGivenAgainIsNotTakenForTheProcessThatHadIt() throws Exception {
        Path lastPid = Path.of("/proc/sys/kernel/ns_last_pid");
        assumeTrue(Files.isWritable(lastPid), "needs a kernel with CONFIG_CHECKPOINT_RESTORE");
        try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            Process first = new ProcessBuilder(
                            "/bin/bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/" + listener.getLocalPort())
                    .start();
            assertThat(first.waitFor()).isZero();
            // The start time, in clock ticks, distinguishes a process from the next one with its pid.
            BootClock clock = new BootClock();
            for (long ended = clock.ticks(); clock.ticks() == ended; ) {
                Thread.onSpinWait();
            }
            ProcessHandle second = again(first.pid());
            try (Socket accepted = listener.accept()) {
                ProcessIdentity who =
                        identifier.identify(tuple(accepted)).join().identity();

                long startOfSecond = ProcText.startTime(Files.readString(Path.of("/proc/" + second.pid() + "/stat")));
                assertThat(who.process().orElseThrow().pid()).isEqualTo((int) first.pid());
                assertThat(who.process().orElseThrow().startTime()).isLessThan(startOfSecond);
                assertThat(who.code().executable()).contains(bash());
                int uid = (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
                int gid = (int) Files.getAttribute(Path.of("/proc/self"), "unix:gid");
                assertThat(who.credentials()).contains(new Credentials(uid, uid, gid));
            } finally {
                second.destroyForcibly();
            }
        }
    }

    /** Starts a process with this pid: other processes may get it first, so this retries. */
    private static ProcessHandle again(long pid) throws Exception {
        for (int i = 0; i < 100; i++) {
            Process shell = new ProcessBuilder(
                            "/bin/bash",
                            "-c",
                            "echo " + (pid - 1) + " > /proc/sys/kernel/ns_last_pid; /usr/bin/sleep 1000 & echo $!")
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            ProcessHandle child = ProcessHandle.of(Long.parseLong(
                            shell.inputReader(StandardCharsets.UTF_8).readLine()))
                    .orElseThrow();
            if (child.pid() == pid) {
                return child;
            }
            child.destroyForcibly();
        }
        throw new IllegalStateException("pid " + pid + " wasn't given again");
    }
}

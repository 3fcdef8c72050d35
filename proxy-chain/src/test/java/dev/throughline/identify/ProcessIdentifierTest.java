package dev.throughline.identify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.throughline.header.Tuple;
import dev.throughline.originator.Audit;
import dev.throughline.originator.Code;
import dev.throughline.originator.Credentials;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.ExecutableState;
import dev.throughline.originator.FileId;
import dev.throughline.originator.ProcessIdentity;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class ProcessIdentifierTest {
    private static final String WAIT = "echo ready >&3; read -r line <&3";
    private static final List<String> AS_NOBODY =
            List.of("setpriv", "--reuid=65534", "--regid=65533", "--clear-groups");

    private ProcessIdentifier identifier;

    @TempDir
    private Path directory;

    @BeforeEach
    void open() throws IOException {
        identifier = ProcessIdentifier.open(IdentifyLimits.NORMAL, Optional.of(Known.COMMAND_LINES));
    }

    @AfterEach
    void close() {
        identifier.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "::1"})
    void anOwnSocketBelongsToThisProcess(String address) throws IOException {
        try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getByName(address));
                Socket client = new Socket(listener.getInetAddress(), listener.getLocalPort());
                Socket accepted = listener.accept()) {
            SocketIdentity owner = identifier.identify(seenBy(accepted)).join();

            assertThat(owner.identity().evidence()).isEqualTo(Evidence.SOCKET_LOOKUP);
            assertThat(owner.identity().process().orElseThrow().pid())
                    .isEqualTo((int) ProcessHandle.current().pid());
            assertThat(client.isConnected()).isTrue();
        }
    }

    /** On a kernel without process handles, a process that is younger than the connection isn't its opener. */
    @Test
    void aProcessThatBeganAfterItsConnectionIsNotItsPeer() throws IOException {
        UnixPeer peer = new UnixPeer((int) ProcessHandle.current().pid(), 1234, Optional::empty);
        try (ProcessIdentifier early = ProcessIdentifier.open(IdentifyLimits.NORMAL, Optional.empty(), () -> 1)) {
            SocketIdentity owner = early.identify(peer).join();

            assertThat(owner.identity().evidence()).isEqualTo(Evidence.UID_ONLY);
            assertThat(owner.identity().process()).isEmpty();
            assertThat(owner.uid()).hasValue(1234);
        }
    }

    @Test
    void anApplicationIsNamedWithAllItsParts() throws Exception {
        try (Application application = Application.run(WAIT)) {
            SocketIdentity owner = identifier.identify(application.tuple()).join();
            ProcessIdentity identity = owner.identity();
            Path proc = Path.of("/proc/" + application.pid());

            assertThat(identity.evidence()).isEqualTo(Evidence.SOCKET_LOOKUP);
            assertThat(identity.process().orElseThrow().pid()).isEqualTo(application.pid());
            assertThat(identity.process().orElseThrow().startTime())
                    .isEqualTo(ProcText.startTime(text(proc.resolve("stat"))));
            int uid = (int) Files.getAttribute(proc, "unix:uid");
            int gid = (int) Files.getAttribute(proc, "unix:gid");
            assertThat(identity.credentials()).contains(new Credentials(uid, uid, gid));
            assertThat(owner.uid()).hasValue(uid);
            assertThat(identity.processContext().userName()).contains(System.getProperty("user.name"));
            Path bash = Path.of("/bin/bash").toRealPath();
            assertThat(identity.code().executable()).contains(bash.toString());
            assertThat(identity.code().sha256()).contains(ExecutableDigestsTest.sha256(Files.readAllBytes(bash)));
            assertThat(identity.code().command()).contains("bash");
            assertThat(identity.workload().cgroup())
                    .isEqualTo(ProcText.cgroup(text(proc.resolve("cgroup"))).flatMap(CgroupName::path));
            Known.assertAllOf(application, identity);
            assertThat(identity.workload().bootId().orElseThrow().toHex())
                    .isEqualTo(text(Path.of("/proc/sys/kernel/random/boot_id"))
                            .strip()
                            .replace("-", ""));
        }
    }

    @Test
    void anotherUsersApplicationIsNamedAsTheirs() throws IOException {
        assumeTrue(isPrivileged());
        try (Application application = Application.run(AS_NOBODY, "/bin/bash", WAIT)) {
            SocketIdentity owner = identifier.identify(application.tuple()).join();
            assertThat(owner.identity().credentials()).contains(new Credentials(65534, 65534, 65533));
            assertThat(owner.uid()).hasValue(65534);
        }
    }

    @Test
    void aClosedSocketIsNobodysAndNeverRoots() throws IOException {
        try (Application application = Application.run("echo ready >&3; exec 3>&-; read -r line")) {
            assertThat(application.accepted().getInputStream().read()).isEqualTo(-1);

            SocketIdentity owner = identifier.identify(application.tuple()).join();
            assertThat(owner.identity().evidence()).isEqualTo(Evidence.UNKNOWN);
            assertThat(owner.uid()).isEmpty();
            assertThat(owner.identity().credentials()).isEmpty();
            assertThat(identifier.scans()).isZero();
        }
    }

    @Test
    void aSocketThatNeverWasIsUnknown() {
        Tuple tuple = Tuple.tcp(new InetSocketAddress("127.0.0.1", 1), new InetSocketAddress("192.0.2.1", 443));
        assertThat(identifier.identify(tuple).join().identity().evidence()).isEqualTo(Evidence.UNKNOWN);
    }

    @ParameterizedTest
    @ValueSource(strings = {"192.0.2.7", "2001:db8::7"})
    void aForwardedFlowIsNotAttributedToAProcessOfThisHost(String source) {
        Tuple tuple = Tuple.tcp(new InetSocketAddress(source, 4711), new InetSocketAddress(source, 443));
        SocketIdentity owner = identifier.identify(tuple).join();
        assertThat(owner.identity().evidence()).isEqualTo(Evidence.REMOTE);
        assertThat(owner.uid()).isEmpty();
        assertThat(identifier.scans()).isZero();
    }

    @Test
    void aSocketThatAChildInheritedIsShared() throws IOException {
        try (Application application = Application.run("sleep 1000 & echo ready >&3; wait")) {
            SocketIdentity owner = identifier.identify(application.tuple()).join();
            assertThat(owner.identity().evidence()).isEqualTo(Evidence.SHARED);
            assertThat(owner.identity().process()).isEmpty();
            assertThat(owner.uid())
                    .hasValue((int) Files.getAttribute(Path.of("/proc/" + application.pid()), "unix:uid"));
        }
    }

    @Test
    void sharedBetweenUsersItHasNoUserEither() throws IOException {
        assumeTrue(isPrivileged());
        String script = "setpriv --reuid=65534 --clear-groups bash -c '" + WAIT + "' & wait";
        try (Application application = Application.run(script)) {
            SocketIdentity owner = identifier.identify(application.tuple()).join();
            assertThat(owner.identity().evidence()).isEqualTo(Evidence.SHARED);
            assertThat(owner.uid()).isEmpty();
        }
    }

    @Test
    void aProcessOfAnotherUserThanTheSocketsIsNotNamed() throws IOException {
        assumeTrue(isPrivileged());
        String script = "exec setpriv --reuid=65534 --clear-groups bash -c '" + WAIT + "'";
        try (Application application = Application.run(script)) {
            SocketIdentity owner = identifier.identify(application.tuple()).join();
            assertThat(owner.identity().evidence()).isEqualTo(Evidence.UID_ONLY);
            assertThat(owner.identity().process()).isEmpty();
            assertThat(owner.uid()).hasValue(0);
        }
    }

    /** The process is right; the executable is that at the time of the lookup, as the evidence says. */
    @Test
    void aProcessWithAnotherExecutableIsTheSameProcess() throws IOException {
        String script = "exec env bash -c '" + WAIT + "'";
        try (Application application =
                Application.run(List.of(), program("first").toString(), script)) {
            ProcessIdentity who =
                    identifier.identify(application.tuple()).join().identity();
            assertThat(who.evidence()).isEqualTo(Evidence.SOCKET_LOOKUP);
            assertThat(who.process().orElseThrow().pid()).isEqualTo(application.pid());
            assertThat(who.code().executable())
                    .contains(Path.of("/bin/bash").toRealPath().toString());
        }
    }

    @Test
    void aProcessThatStartedAfterTheFlowIsNotNamed() throws IOException {
        try (ProcessIdentifier early = ProcessIdentifier.open(IdentifyLimits.NORMAL, Optional.empty(), () -> 1);
                Application application = Application.run(WAIT)) {
            assertThat(early.identify(application.tuple()).join().identity().evidence())
                    .isEqualTo(Evidence.UID_ONLY);
        }
    }

    @Test
    void aDeletedExecutableIsNamedByThePathThatItHad() throws Exception {
        Path program = program("prog\nram");
        try (Application application = Application.run(List.of(), program.toString(), WAIT)) {
            Files.delete(program);
            ProcessIdentity identity =
                    identifier.identify(application.tuple()).join().identity();
            assertThat(identity.code().executable()).contains(directory.toRealPath() + "/prog\\x0aram");
            assertThat(identity.code().sha256())
                    .contains(ExecutableDigestsTest.sha256(Files.readAllBytes(Path.of("/bin/bash"))));
            assertThat(identity.code().command()).contains("prog\\x0aram");
            assertThat(identity.code().state()).contains(ExecutableState.DELETED);
        }
    }

    @Test
    void aReplacedExecutableIsReportedAsReplaced() throws Exception {
        Path program = program("program");
        try (Application application = Application.run(List.of(), program.toString(), WAIT)) {
            FileId before = FileVersion.of(program).id();
            Path update = Files.writeString(directory.resolve("update"), "another program");
            Files.move(update, program, StandardCopyOption.REPLACE_EXISTING);

            Code code =
                    identifier.identify(application.tuple()).join().identity().code();

            assertThat(code.executable()).contains(program.toRealPath().toString());
            assertThat(code.state()).contains(ExecutableState.REPLACED);
            assertThat(code.file()).contains(before);
            assertThat(code.sha256()).contains(ExecutableDigestsTest.sha256(Files.readAllBytes(Path.of("/bin/bash"))));
        }
    }

    @Test
    void theLoginUserIsReported() throws IOException {
        assumeTrue(isPrivileged() && Files.isWritable(Path.of("/proc/self/loginuid")));
        try (Application application = Application.run("echo 4711 > /proc/self/loginuid; " + WAIT)) {
            Audit audit = identifier
                    .identify(application.tuple())
                    .join()
                    .identity()
                    .processContext()
                    .audit();
            assertThat(audit.user()).hasValue(4711);
            assertThat(audit.session())
                    .hasValue(Long.parseLong(text(Path.of("/proc/" + application.pid() + "/sessionid"))));
        }
    }

    @Test
    void anExecutableThatIsReallyCalledDeletedKeepsItsName() throws Exception {
        Path program = program("program (deleted)");
        try (Application application = Application.run(List.of(), program.toString(), WAIT)) {
            assertThat(executable(application)).isEqualTo(program.toRealPath().toString());

            Path elsewhere = directory.resolve("elsewhere");
            Files.createLink(elsewhere, program);
            Files.delete(program);
            assertThat(identifier
                            .identify(application.tuple())
                            .join()
                            .identity()
                            .code())
                    .as("it has another name now")
                    .matches(code -> code.executable().isEmpty())
                    .as("its name at connect is unknown")
                    .matches(code -> code.state().isEmpty() || code.state().get() == ExecutableState.DELETED);

            Files.delete(elsewhere);
            assertThat(executable(application)).isEqualTo(directory.toRealPath() + "/program (deleted)");
        }
    }

    @Test
    void aHashThatTakesTooLongComesWithALaterFlow() throws Exception {
        Path program = program("large");
        try (RandomAccessFile file = new RandomAccessFile(program.toFile(), "rw")) {
            file.setLength(512L << 20);
        }
        try (ProcessIdentifier hasty = ProcessIdentifier.open(new IdentifyLimits(
                        Duration.ofSeconds(20), Duration.ofMillis(1), IdentifyLimits.NORMAL.readDeadline(), 10));
                Application application = Application.run(List.of(), program.toString(), WAIT)) {
            ProcessIdentity first = hasty.identify(application.tuple()).join().identity();
            assertThat(first.evidence()).isEqualTo(Evidence.SOCKET_LOOKUP);
            assertThat(first.code().sha256()).isEmpty();
            while (hasty.identify(application.tuple())
                    .join()
                    .identity()
                    .code()
                    .sha256()
                    .isEmpty()) {
                Thread.onSpinWait();
            }
        }
    }

    @Test
    void pathsThatAreNotUtf8DontDisturbAScan() throws IOException {
        String script = "exec 4>\"" + directory + "/$(printf '\\377\\376')\"; " + WAIT;
        try (Application application = Application.run(script)) {
            assertThat(identifier
                            .identify(application.tuple())
                            .join()
                            .identity()
                            .process())
                    .isPresent();
            assertThat(identifier.failures()).isZero();
        }
    }

    @Test
    void manyLookupsCostFewScans() throws Exception {
        int flows = 500;
        List<Socket> sockets = new ArrayList<>();
        List<CompletableFuture<SocketIdentity>> answers = new ArrayList<>();
        try (ServerSocket listener = new ServerSocket(0, flows, InetAddress.getByName("127.0.0.1"))) {
            for (int i = 0; i < flows; i++) {
                sockets.add(new Socket(listener.getInetAddress(), listener.getLocalPort()));
                sockets.add(listener.accept());
            }
            for (int i = 1; i < sockets.size(); i += 2) {
                answers.add(identifier.identify(seenBy(sockets.get(i))));
            }
            for (CompletableFuture<SocketIdentity> answer : answers) {
                assertThat(answer.join().identity().process().orElseThrow().pid())
                        .isEqualTo((int) ProcessHandle.current().pid());
            }
            assertThat(identifier.lookups()).isEqualTo(flows);
            assertThat(identifier.scans()).isLessThan(flows / 10);
        } finally {
            for (Socket socket : sockets) {
                socket.close();
            }
        }
    }

    @Test
    void closedItKnowsNothing() {
        identifier.close();
        Tuple tuple = Tuple.tcp(new InetSocketAddress("127.0.0.1", 1), new InetSocketAddress("127.0.0.1", 2));
        assertThat(identifier.identify(tuple).join().identity().evidence()).isEqualTo(Evidence.UNKNOWN);
        assertThat(identifier.failures()).isEqualTo(1);
    }

    private String executable(Application application) {
        return identifier
                .identify(application.tuple())
                .join()
                .identity()
                .code()
                .executable()
                .orElseThrow();
    }

    private Path program(String name) throws IOException {
        Path program = directory.resolve(name);
        Files.copy(Path.of("/bin/bash"), program);
        assertThat(program.toFile().setExecutable(true)).isTrue();
        return program;
    }

    private static Tuple seenBy(Socket accepted) {
        return Tuple.tcp((InetSocketAddress) accepted.getRemoteSocketAddress(), (InetSocketAddress)
                accepted.getLocalSocketAddress());
    }

    /** Returns whether children can be started as other users: not in a user namespace that has only one. */
    private static boolean isPrivileged() throws IOException {
        return text(Path.of("/proc/self/uid_map")).contains("4294967295")
                && Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0)
                && Files.isExecutable(Path.of("/usr/bin/setpriv"));
    }

    private static String text(Path path) throws IOException {
        return Files.readString(path);
    }
}

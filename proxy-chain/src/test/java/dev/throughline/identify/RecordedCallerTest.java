package dev.throughline.identify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.header.Bytes;
import dev.throughline.identify.ebpf.ConnectRecord;
import dev.throughline.identify.ebpf.ExecRecord;
import dev.throughline.originator.Credentials;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.ProcessId;
import dev.throughline.originator.ProcessIdentity;
import dev.throughline.platform.linux.SocketOwner;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The facts that /proc may add to a record of the kernel; each record is one that the kernel could make of this process. */
@Timeout(60)
class RecordedCallerTest {
    private static final long NANOS_PER_TICK = 10_000_000;
    private static final long NOW = Long.MAX_VALUE;
    private static final long EXEC_ID = 3;

    private final ExecutableDigests digests = new ExecutableDigests(id -> id);
    /** Directories represent cgroups. */
    @TempDir
    private Path groups;

    private ConnectRecordResolver naming;
    private ProcessView self;
    private Optional<ExecRecord> lastExec = Optional.empty();

    @BeforeEach
    void open() throws IOException {
        self = ProcessView.read((int) ProcessHandle.current().pid());
        naming = new ConnectRecordResolver(
                new ProcessReader(digests, Optional.of(Known.COMMAND_LINES), Known.reads()),
                new KnownExecutables(digests, Known.reads()),
                _ -> lastExec,
                new ScriptPath(Known.reads()),
                new CgroupPaths(groups, System::nanoTime),
                Users.ofThisHost(),
                Bytes.copyOf(new byte[16]),
                new IdentifyLimits(
                        Duration.ofSeconds(20), Duration.ofSeconds(20), IdentifyLimits.NORMAL.readDeadline(), 10),
                uid -> uid);
    }

    @AfterEach
    void close() {
        naming.close();
        digests.close();
    }

    private ConnectRecord note(
            int uid,
            int gid,
            long cgroup,
            long bootNanos,
            String command,
            Optional<ConnectRecord.ProcessState> process) {
        Bytes name = Bytes.copyOf(command.getBytes(StandardCharsets.UTF_8));
        int pid = self.id().pid();
        return new ConnectRecord(
                1, pid, pid, uid, gid, cgroup, bootNanos, 1, name, process, Optional.empty(), Optional.empty());
    }

    private ConnectRecord ofKernelWithoutTypes(long bootNanos, String command) {
        return note(0, 0, 1, bootNanos, command, Optional.empty());
    }

    private Optional<ConnectRecord.ProcessState> running() {
        return Optional.of(running(self.image().startStack(), program()));
    }

    private ConnectRecord.ProcessState running(long startStack, ConnectRecord.ProgramFile program) {
        return new ConnectRecord.ProcessState(
                0,
                self.id().startTime() * NANOS_PER_TICK,
                EXEC_ID,
                startStack,
                self.image().argumentsStart(),
                program);
    }

    private static ConnectRecord.ProgramFile program() {
        try {
            ExecutableId id = Known.id(Path.of("/proc/self/exe"));
            return new ConnectRecord.ProgramFile(
                    id.inode(), id.device(), id.subvolume(), TimeUnit.NANOSECONDS.toSeconds(id.changedNanos()), (int)
                            (id.changedNanos() % TimeUnit.SECONDS.toNanos(1)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private ProcessIdentity named(ConnectRecord noted) {
        return naming.name(noted, Optional.empty()).join().identity();
    }

    private String ownCommand() {
        return self.command().orElseThrow();
    }

    /** A process chooses its name: an equal name doesn't prove the executable. */
    @Test
    void withoutTypesTheExecutableIsNotKnown() {
        ProcessIdentity who = named(ofKernelWithoutTypes(NOW, ownCommand()));

        assertThat(who.evidence()).isEqualTo(Evidence.KERNEL_CONNECT);
        assertThat(who.process()).contains(self.id());
        assertThat(who.code().executable()).isEmpty();
        assertThat(who.code().sha256()).isEmpty();
        assertThat(who.code().file()).isEmpty();
    }

    @Test
    void anExecutableThatRunsStillIsKnownWithItsCommandLine() {
        ProcessIdentity who = named(note(0, 0, 1, NOW, ownCommand(), running()));

        assertThat(who.code().executable()).isPresent();
        assertThat(who.code().sha256()).isPresent();
        assertThat(who.processContext().commandLineHash()).isPresent();
    }

    /** Inode and time are as any user's file system can show them; the device is the kernel's. */
    @Test
    void anExecutableOfAnotherDeviceIsAnother() {
        ConnectRecord.ProgramFile own = program();
        ConnectRecord.ProgramFile served = new ConnectRecord.ProgramFile(
                own.inode(), own.device() + 1, own.device() + 1, own.ctimeSeconds(), own.ctimeNanos());
        ProcessIdentity who = named(note(
                0, 0, 1, NOW, ownCommand(), Optional.of(running(self.image().startStack(), served))));

        assertThat(who.process()).contains(self.id());
        assertThat(who.code().executable()).isEmpty();
        assertThat(who.code().sha256()).isEmpty();
        assertThat(who.processContext().commandLineHash()).isEmpty();
    }

    /** The same executable ran again with another command line, and the kernel chose another stack address. */
    @Test
    void theCommandLineOfWhatRanBeforeIsNotKnown() {
        ProcessIdentity who = named(note(
                0, 0, 1, NOW, ownCommand(), Optional.of(running(self.image().startStack() + 16, program()))));

        assertThat(who.code().executable()).isPresent();
        assertThat(who.processContext().commandLineHash()).isEmpty();
    }

    /** Without address randomization, the record still counts. */
    @Test
    void theCommandLineOfALaterExecIsNotThatOfTheConnect() {
        lastExec = Optional.of(
                new ExecRecord(self.id().startTime() * NANOS_PER_TICK, EXEC_ID + 1, 0, 0, Optional.empty()));

        assertThat(named(note(0, 0, 1, NOW, ownCommand(), running()))
                        .processContext()
                        .commandLineHash())
                .isEmpty();
    }

    /** The process that had the pid has ended; the process that has it now is younger. */
    @Test
    void withoutTypesAProcessThatStartedAfterItsConnectIsAnotherOne() {
        ProcessIdentity who = named(ofKernelWithoutTypes(1, ownCommand()));

        assertThat(who.process()).contains(new ProcessId(self.id().pid(), ProcessId.START_NOT_KNOWN));
        assertThat(who.code().executable()).isEmpty();
        assertThat(who.processContext().commandLineHash()).isEmpty();
        assertThat(who.processContext().parent()).isEmpty();
    }

    /** The process is the same, but it may have run another executable then: its code is unknown. */
    @Test
    void withoutTypesAnotherNameMayMeanAnotherExecutable() {
        ProcessIdentity who = named(ofKernelWithoutTypes(NOW, "another"));

        assertThat(who.process()).contains(self.id());
        assertThat(who.code().executable()).isEmpty();
        assertThat(who.code().file()).isEmpty();
        assertThat(who.code().command()).contains("another");
        assertThat(who.processContext().commandLineHash()).isEmpty();
    }

    /** Each connect has its own user: a process may change its user in between. */
    @Test
    void userAndGroupAreThoseOfEachConnect() {
        assertThat(named(note(7, 8, 1, NOW, ownCommand(), running())).credentials())
                .contains(new Credentials(7, 0, 8));
        assertThat(named(note(9, 8, 1, NOW, ownCommand(), running())).credentials())
                .contains(new Credentials(9, 0, 8));
        assertThat(named(note(7, 6, 1, NOW, ownCommand(), running())).credentials())
                .contains(new Credentials(7, 0, 6));
    }

    /** The process moved to another cgroup in between: the cached cgroup is the old one. */
    @Test
    void theControlGroupIsTheOneOfEachConnect() throws IOException {
        for (String group : List.of("a.service", "b.service")) {
            Files.createDirectory(groups.resolve(group));
        }
        for (String group : List.of("a.service", "b.service")) {
            long id = (long) Files.getAttribute(groups.resolve(group), "unix:ino");

            assertThat(named(note(0, 0, id, NOW, ownCommand(), running()))
                            .workload()
                            .unit())
                    .contains(group);
        }
    }

    /** The kernel reports user 0 for a socket without a holder: it must not be attributed to root. */
    @Test
    void aClosedSocketsUserIsTheOneThatWasNoted() {
        ConnectRecord noted = note(1234, 5, 1, NOW, ownCommand(), running());

        assertThat(naming.name(noted, Optional.of(socket(0, 0))).join().uid()).hasValue(1234);
        assertThat(naming.name(noted, Optional.of(socket(4711, 99))).join().uid())
                .as("an open one's is its own")
                .hasValue(99);
    }

    /** User and mark are those of the socket, even if another process connected with it. */
    @Test
    void aCompleteRecordNeedsNoSocket() {
        ConnectRecord noted = note(1234, 5, 1, NOW, ownCommand(), running());
        SocketIdentity owner = naming.name(new ConnectRecord(
                        noted.cookie(),
                        noted.pid(),
                        noted.thread(),
                        noted.uid(),
                        noted.gid(),
                        noted.cgroupId(),
                        noted.bootNanos(),
                        noted.networkNamespace(),
                        noted.command(),
                        noted.process(),
                        noted.parent(),
                        Optional.of(new ConnectRecord.SocketInfo(99, 7))))
                .join();

        assertThat(owner.uid()).hasValue(99);
        assertThat(owner.mark()).hasValue(7);
        assertThat(owner.identity().credentials()).contains(new Credentials(1234, 0, 5));
    }

    private static SocketOwner socket(long inode, int uid) {
        return new SocketOwner(inode, uid, 1, OptionalInt.empty(), OptionalLong.empty(), 1, true);
    }
}

package dev.throughline.identify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.header.Bytes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A file is taken for the executable that ran only if it is exactly that one, in the state that it had. */
class KnownExecutablesTest {
    private static final Bytes SLEEP = Bytes.copyOf("sleep".getBytes(StandardCharsets.US_ASCII));
    private static final Bytes ANOTHER_NAME = Bytes.copyOf("my-sleep".getBytes(StandardCharsets.US_ASCII));

    private final ExecutableDigests digests = new ExecutableDigests();
    private final KnownExecutables executables = new KnownExecutables(digests, Known.reads());
    private Path file;
    private ExecutableId id;

    @BeforeEach
    void find() throws IOException {
        file = Path.of("/usr/bin/sleep").toRealPath();
        id = Known.id(file);
    }

    @AfterEach
    void close() {
        digests.close();
    }

    private static KnownExecutables.Executable find(KnownExecutables executables, ExecutableId id, Bytes name) {
        return executables.find(id, name, 0).join();
    }

    @Test
    void itIsFoundUnderTheProcesssNameOrUnderAnother() {
        assertThat(find(executables, id, SLEEP).path()).contains(file.toString());
        assertThat(find(new KnownExecutables(digests, Known.reads()), id, ANOTHER_NAME)
                        .path())
                .contains(file.toString());
    }

    /** An update in place, or another write to the file: the bytes that ran are gone. */
    @Test
    void aFileThatChangedSinceIsNotTheOneThatRan() {
        ExecutableId before = new ExecutableId(id.device(), id.subvolume(), id.inode(), id.changedNanos() - 1);

        assertThat(find(executables, before, SLEEP)).isEqualTo(KnownExecutables.Executable.UNKNOWN);
        assertThat(find(executables, before, ANOTHER_NAME)).isEqualTo(KnownExecutables.Executable.UNKNOWN);
    }

    /** Also if it has the same size again, and says that it was last written when it was. */
    @Test
    void aWriteMakesAnotherExecutableOfAFile(@TempDir Path folder) throws IOException {
        Path program = Files.writeString(folder.resolve("program"), "one");
        FileVersion first = FileVersion.of(program);
        ExecutableId before = Known.id(program);
        // The clock of the file system ticks some hundred times a second.
        do {
            Files.writeString(program, "two");
            Files.setLastModifiedTime(program, first.modified());
        } while (FileVersion.of(program).changed().equals(first.changed()));

        assertThat(Known.id(program))
                .isNotEqualTo(before)
                .extracting(ExecutableId::inode)
                .isEqualTo(before.inode());
    }

    /** A user serves a file system with any inode and any time, but the kernel gives it a device of its own. */
    @Test
    void aFileOfAnotherDeviceIsNotTheOneThatRan() {
        ExecutableId served = new ExecutableId(id.device() + 1, id.subvolume() + 1, id.inode(), id.changedNanos());

        assertThat(find(executables, served, SLEEP)).isEqualTo(KnownExecutables.Executable.UNKNOWN);
    }

    /** Each subvolume of btrfs numbers its inodes from the start, on one device. */
    @Test
    void aFileOfAnotherSubvolumeIsNotTheOneThatRan() {
        ExecutableId snapshot = new ExecutableId(id.device(), id.subvolume() + 1, id.inode(), id.changedNanos());
        ExecutableId unknown = new ExecutableId(id.device(), ExecutableId.NOT_KNOWN, id.inode(), id.changedNanos());

        assertThat(find(executables, snapshot, SLEEP)).isEqualTo(KnownExecutables.Executable.UNKNOWN);
        assertThat(find(executables, unknown, SLEEP)).isEqualTo(KnownExecutables.Executable.UNKNOWN);
    }

    /** Where others were seen to run it counts only while it is there: another file system may get its device. */
    @Test
    void thePlaceWhereItWasSeenIsCheckedAgain(@TempDir Path folder) throws IOException {
        Path program = Files.writeString(folder.resolve("program"), "one");
        ExecutableId seen = Known.id(program);
        executables.remember(seen, program.toRealPath().toString());
        assertThat(find(executables, seen, ANOTHER_NAME).path())
                .contains(program.toRealPath().toString());

        Files.move(program, folder.resolve("elsewhere"));

        assertThat(find(executables, seen, ANOTHER_NAME)).isEqualTo(KnownExecutables.Executable.UNKNOWN);
    }

    @Test
    void aFileOfTheSameNameIsNotTheOneThatRan() {
        ExecutableId another = new ExecutableId(id.device(), id.subvolume(), id.inode() ^ 1L << 40, id.changedNanos());

        assertThat(find(executables, another, SLEEP)).isEqualTo(KnownExecutables.Executable.UNKNOWN);
    }

    /** A busy file system isn't one that hangs: what it answers too late for one process is there for the next. */
    @Test
    @Timeout(20)
    void foldersThatTookTooLongToListAreKnownOnceTheyAreListed() {
        KnownExecutables slow = new KnownExecutables(digests, new BoundedReads("late", Duration.ofNanos(1)), () -> 0);
        slow.prepare();

        while (!find(slow, id, ANOTHER_NAME).path().equals(Optional.of(file.toString()))) {
            Thread.onSpinWait();
        }
    }
}

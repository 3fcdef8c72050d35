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

/** A file counts as the executable that ran only if it is the same file in the same state. */
class KnownExecutablesTest {
    private static final Bytes SLEEP = Bytes.copyOf("sleep".getBytes(StandardCharsets.US_ASCII));
    private static final Bytes ANOTHER_NAME = Bytes.copyOf("my-sleep".getBytes(StandardCharsets.US_ASCII));

    private final ExecutableDigests digests = new ExecutableDigests(id -> id);
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

    /** The file was overwritten, so the bytes that ran no longer exist. */
    @Test
    void aFileThatChangedSinceIsNotTheOneThatRan() {
        ExecutableId before = new ExecutableId(id.device(), id.subvolume(), id.inode(), id.changedNanos() - 1);

        assertThat(find(executables, before, SLEEP)).isEqualTo(KnownExecutables.Executable.UNKNOWN);
        assertThat(find(executables, before, ANOTHER_NAME)).isEqualTo(KnownExecutables.Executable.UNKNOWN);
    }

    /** Also if it has the same size and modification time. */
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

    /** A user's file system can have any inode and time, but the kernel assigns its device. */
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

    /** A path where others ran the file counts only while the file is there: another file system may get its device. */
    @Test
    void theKnownPathIsCheckedAgain(@TempDir Path folder) throws IOException {
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

    /** A slow file system isn't a hanging one: a late result is used for the next process. */
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

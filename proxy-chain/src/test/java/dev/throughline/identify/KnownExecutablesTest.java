package dev.throughline.identify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.header.Bytes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A file is taken for the executable that ran only if it is exactly that one, in the state that it had. */
class KnownExecutablesTest {
    private static final Bytes SLEEP = Bytes.copyOf("sleep".getBytes(StandardCharsets.US_ASCII));
    private static final Bytes ANOTHER_NAME = Bytes.copyOf("my-sleep".getBytes(StandardCharsets.US_ASCII));

    private final ExecutableDigests digests = new ExecutableDigests();
    private final KnownExecutables executables = new KnownExecutables(digests);
    private Path file;
    private ExecutableId id;

    @BeforeEach
    void find() throws IOException {
        file = Path.of("/usr/bin/sleep").toRealPath();
        id = ExecutableId.of(FileVersion.of(file));
    }

    @AfterEach
    void close() {
        digests.close();
    }

    @Test
    void itIsFoundUnderTheProcesssNameOrUnderAnother() {
        assertThat(executables.find(id, SLEEP).path()).contains(file.toString());
        assertThat(new KnownExecutables(digests).find(id, ANOTHER_NAME).path()).contains(file.toString());
    }

    /** An update in place, or a write by whoever may: the bytes that ran are gone. */
    @Test
    void aFileThatChangedSinceIsNotTheOneThatRan() {
        ExecutableId before = new ExecutableId(id.inode(), id.changedNanos() - 1);

        assertThat(executables.find(before, SLEEP)).isEqualTo(KnownExecutables.Executable.UNKNOWN);
        assertThat(executables.find(before, ANOTHER_NAME)).isEqualTo(KnownExecutables.Executable.UNKNOWN);
    }

    /** Also if it has the same size again, and says that it was last written when it was. */
    @Test
    void aWriteMakesAnotherExecutableOfAFile(@TempDir Path folder) throws IOException {
        Path program = Files.writeString(folder.resolve("program"), "one");
        FileVersion first = FileVersion.of(program);
        // The clock of the file system ticks some hundred times a second.
        do {
            Files.writeString(program, "two");
            Files.setLastModifiedTime(program, first.modified());
        } while (FileVersion.of(program).changed().equals(first.changed()));

        assertThat(ExecutableId.of(FileVersion.of(program)))
                .isNotEqualTo(ExecutableId.of(first))
                .extracting(ExecutableId::inode)
                .isEqualTo(first.inode());
    }

    @Test
    void aFileOfTheSameNameIsNotTheOneThatRan() {
        ExecutableId another = new ExecutableId(id.inode() ^ 1L << 40, id.changedNanos());

        assertThat(executables.find(another, SLEEP)).isEqualTo(KnownExecutables.Executable.UNKNOWN);
    }
}

package dev.throughline.os;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PinnedFileTest {
    @Test
    void staysTheFileThatWasOpened(@TempDir Path directory) throws IOException {
        Path path = Files.writeString(directory.resolve("file"), "first");
        try (PinnedFile file = PinnedFile.open(path.toString())) {
            assertThat(new String(file.name(), StandardCharsets.UTF_8))
                    .isEqualTo(path.toRealPath().toString());

            Files.delete(path);
            Files.writeString(path, "second");

            assertThat(Files.readString(file.path())).isEqualTo("first");
            assertThat(new String(file.name(), StandardCharsets.UTF_8)).endsWith("file (deleted)");
            assertThat(file.isServedByProcess()).isFalse();
        }
    }

    @Test
    void aMissingFileIsNamedByItsError() {
        assertThatThrownBy(() -> PinnedFile.open("/nonexistent"))
                .isInstanceOf(OsException.class)
                .hasMessage("open(O_PATH): ENOENT (no such entry)");
    }
}

package dev.throughline.platform.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CodeFolderTest {
    @TempDir
    Path folder;

    @Test
    void anOrdinaryFolderWillDoAndNothingIsLeftThere() throws IOException {
        assertThat(CodeFolder.objection(folder)).isEmpty();
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files).isEmpty();
        }
    }

    @Test
    void aFolderThatIsNotThereWillNot() {
        assertThat(CodeFolder.objection(folder.resolve("missing"))).contains("no such directory");
    }

    /** Not even root can create files in /proc. */
    @Test
    void aFolderThatTakesNoFilesWillNot() {
        assertThat(CodeFolder.objection(Path.of("/proc"))).isPresent();
    }
}

package dev.throughline.platform.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
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
            assertThat(file.status().links()).isZero();
        }
    }

    /** Without access to a file system, which may hang. */
    @Test
    void theAttributesEqualThoseOfStatAndMountinfo(@TempDir Path directory) throws IOException {
        Path path = Files.writeString(directory.resolve("file"), "12345");
        try (PinnedFile file = PinnedFile.open(path.toString())) {
            Map<String, Object> stat = Files.readAttributes(path, "unix:dev,ino,size,uid,mode,ctime,lastModifiedTime");
            FileStatus status = file.status();
            assertThat(status.device()).isEqualTo(stat.get("dev"));
            assertThat(status.inode()).isEqualTo(stat.get("ino"));
            assertThat(status.size()).isEqualTo(5);
            assertThat(status.uid()).isEqualTo(stat.get("uid"));
            assertThat(status.mode()).isEqualTo(stat.get("mode"));
            assertThat(status.changed()).isEqualTo(stat.get("ctime"));
            assertThat(status.modified()).isEqualTo(stat.get("lastModifiedTime"));
            assertThat(file.location().inode()).isEqualTo(stat.get("ino"));
            assertThat(Mounts.fileSystem("self", file.location().mount())).isPresent();
        }
    }

    @Test
    void aLinkIsFollowedOnlyIfTheCallerAllowsIt(@TempDir Path directory) throws IOException {
        Path file = Files.writeString(directory.toRealPath().resolve("file"), "");
        byte[] link = Files.createSymbolicLink(directory.toRealPath().resolve("link"), file)
                .toString()
                .getBytes(StandardCharsets.UTF_8);
        Files.readAttributes(Path.of(new String(link, StandardCharsets.UTF_8)), "unix:ino");

        assertThatThrownBy(() -> PinnedFile.openBy(Optional.empty(), link, PinnedFile.Reach.ANYWHERE))
                .hasMessageContaining("ELOOP");
        PinnedFile.openBy(Optional.empty(), link, PinnedFile.Reach.IN_MEMORY_BY_LINKS)
                .ifPresent(PinnedFile::close);
    }

    @Test
    void aMissingFileIsNamedByItsError() {
        assertThatThrownBy(() -> PinnedFile.open("/nonexistent"))
                .isInstanceOf(OsException.class)
                .hasMessage("open(O_PATH): ENOENT (no such file or directory)");
    }
}

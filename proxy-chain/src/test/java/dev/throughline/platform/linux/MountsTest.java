package dev.throughline.platform.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MountsTest {
    private static final String MOUNTINFO = """
            30 22 0:27 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
            40 30 0:37 / FOLDER/whole\\040one rw,relatime shared:9 master:1 - cgroup2 cgroup2 rw
            41 30 0:37 /part FOLDER/part rw,relatime - cgroup2 cgroup2 rw
            42 30 0:38 / FOLDER/gone rw,relatime - bpf bpf rw,mode=700
            43 30 0:39 / short
            """;

    @TempDir
    private Path folder;

    private Mounts mounts(Path seenFrom) {
        return Mounts.parse(MOUNTINFO.replace("FOLDER", folder.toString()), seenFrom);
    }

    @Test
    void theWholeOfAFileSystemIsFoundByItsType() throws Exception {
        Path whole = Files.createDirectory(folder.resolve("whole one"));
        Files.createDirectory(folder.resolve("part"));

        assertThat(mounts(Path.of("/")).whole("cgroup2")).contains(whole);
    }

    @Test
    void onlyAPartOfItOrWhatCannotBeReachedIsNot() throws Exception {
        Files.createDirectory(folder.resolve("part"));

        assertThat(mounts(Path.of("/")).whole("cgroup2")).isEmpty();
        assertThat(mounts(Path.of("/")).whole("bpf")).isEmpty();
        assertThat(mounts(Path.of("/")).whole("ext4")).isEmpty();
    }

    @Test
    void placesAreNamedAsTheyAreReached() {
        assertThat(mounts(Path.of("/proc/1/root")).all().getFirst().at())
                .isEqualTo(Path.of("/proc/1/root/sys/fs/cgroup"));
    }

    @Test
    void thisProcessSeesSome() throws Exception {
        assertThat(Mounts.own().whole("proc")).contains(Path.of("/proc"));
    }
}

package dev.throughline.identify;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SubordinateUidsTest {
    private final AtomicLong now = new AtomicLong();

    @TempDir
    Path folder;

    private Path subuid;
    private SubordinateUids uids;

    @BeforeEach
    void prepare() throws IOException {
        subuid = folder.resolve("subuid");
        Path passwd = Files.writeString(folder.resolve("passwd"), """
                root:x:0:0::/root:/bin/sh
                ann:x:1001:1001::/home/ann:/bin/sh
                """);
        uids = new SubordinateUids(subuid, passwd, now::get);
    }

    private void write(String lines) throws IOException {
        Files.writeString(subuid, lines);
        now.addAndGet(Duration.ofSeconds(1).toNanos());
    }

    @Test
    void aSubordinateIdIsOfItsOwner() throws IOException {
        write("""
                # name or id, first id, how many
                ann:100000:65536
                1002:200000:1
                nobody-here:300000:10
                ann:broken:10
                ann:400000
                """);

        assertThat(uids.owner(100_000)).isEqualTo(1001);
        assertThat(uids.owner(165_535)).isEqualTo(1001);
        assertThat(uids.owner(165_536)).isEqualTo(165_536);
        assertThat(uids.owner(200_000)).isEqualTo(1002);
        assertThat(uids.owner(200_001)).isEqualTo(200_001);
        assertThat(uids.owner(300_000)).isEqualTo(300_000);
        assertThat(uids.owner(1001)).isEqualTo(1001);
        assertThat(uids.owner(0)).isZero();
    }

    @Test
    void theFirstOfTwoOwnersCounts() throws IOException {
        write("ann:1000:10\nroot:1005:10\n");

        assertThat(uids.owner(1007)).isEqualTo(1001);
        assertThat(uids.owner(1012)).isZero();
    }

    @Test
    void theFileIsReadAgainWhenItHasChanged() throws IOException {
        assertThat(uids.owner(5000)).isEqualTo(5000);

        write("ann:5000:1\n");
        assertThat(uids.owner(5000)).isEqualTo(1001);

        Files.delete(subuid);
        now.addAndGet(Duration.ofSeconds(1).toNanos());
        assertThat(uids.owner(5000)).isEqualTo(5000);
    }
}

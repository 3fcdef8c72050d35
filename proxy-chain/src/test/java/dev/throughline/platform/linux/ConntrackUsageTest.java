package dev.throughline.platform.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConntrackUsageTest {
    @Test
    void readsEntriesAndCapacity(@TempDir Path folder) throws IOException {
        Files.writeString(folder.resolve("nf_conntrack_count"), "95\n");
        Files.writeString(folder.resolve("nf_conntrack_max"), "100\n");

        ConntrackUsage usage = ConntrackUsage.of(folder).orElseThrow();

        assertThat(usage).isEqualTo(new ConntrackUsage(95, 100));
        assertThat(usage.isAt(95)).isTrue();
        assertThat(usage.isAt(96)).isFalse();
    }

    @Test
    void isEmptyWhereNothingIsTracked(@TempDir Path folder) {
        assertThat(ConntrackUsage.of(folder)).isEmpty();
    }
}

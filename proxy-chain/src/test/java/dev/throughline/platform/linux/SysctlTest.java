package dev.throughline.platform.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class SysctlTest {
    @Test
    void aValueOfSeveralDigitsIsReadAsAWhole() throws IOException {
        Path file = Path.of("/proc/sys/fs/pipe-max-size");
        try (BufferedReader reader = Files.newBufferedReader(file)) {
            assertThat(Sysctl.read(file)).isEqualTo(reader.readLine()).hasSizeGreaterThan(1);
        }
    }
}

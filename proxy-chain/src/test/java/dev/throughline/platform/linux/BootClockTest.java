package dev.throughline.platform.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class BootClockTest {
    @Test
    void agreesWithProcUptime() throws IOException {
        BootClock clock = new BootClock();
        long before = clock.ticks();
        String uptime = Files.readString(Path.of("/proc/uptime"));
        long after = clock.ticks();

        long ticks = Math.round(Double.parseDouble(uptime.substring(0, uptime.indexOf(' '))) * 100);
        assertThat(ticks).isBetween(before - 1, after + 1);
    }
}

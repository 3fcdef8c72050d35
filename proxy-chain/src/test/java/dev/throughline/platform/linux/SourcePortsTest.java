package dev.throughline.platform.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SourcePortsTest {
    @ParameterizedTest
    @CsvSource({
        "'32768\t60999\n', '', 28232",
        "'40000 40199', '\n', 200",
        "'40000 40199', '40000,40010-40019,8080', 189",
        "'40000 40199', '39000-40099,40190-50000', 90"
    })
    void reservedPortsOfTheRangeDontCount(String range, String reserved, int count) throws IOException {
        assertThat(SourcePorts.of(range, reserved, "2\n").count()).isEqualTo(count);
    }

    /** The default 2 applies to connections within one host only. */
    @ParameterizedTest
    @CsvSource({"0, 60", "1, 1", "2, 60", "'', 60"})
    void portsStayInUseForTheKernelsTimeWait(String reuse, int seconds) throws IOException {
        SourcePorts ports = SourcePorts.of("32768 60999", "", reuse);

        assertThat(ports.kept()).isEqualTo(Duration.ofSeconds(seconds));
        assertThat(ports.perSecond()).isEqualTo(28232 / seconds);
    }

    @Test
    void thoseOfThisHostCanBeRead() throws IOException {
        assertThat(SourcePorts.read().count()).isPositive();
    }

    @Test
    void anInvalidRangeIsAnError() {
        assertThatThrownBy(() -> SourcePorts.of("none", "", "2"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("none");
    }
}

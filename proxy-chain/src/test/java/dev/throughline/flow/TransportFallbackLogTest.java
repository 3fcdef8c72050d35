package dev.throughline.flow;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class TransportFallbackLogTest {
    @Test
    void itIsSaidOnceAndOnceWhenItIsOver() {
        List<String> log = new ArrayList<>();
        TransportFallbackLog passed = new TransportFallbackLog(log::add);
        for (int i = 0; i < 5; i++) {
            passed.passed(
                    "network-framework",
                    i == 0 ? "full" : "reserved",
                    Duration.ofSeconds(i).toNanos());
        }
        passed.look(Duration.ofSeconds(64).toNanos());

        assertThat(log)
                .containsExactly(
                        "transport network-framework: flows fail over to the next transport: full",
                        "transport network-framework: flows no longer fail over: 5 did, in 4 s");
    }
}

package dev.throughline.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import org.junit.jupiter.api.Test;

class LoadResultTest {
    @Test
    void returnsTheSameNumbers() throws IOException {
        LoadResult result = new LoadResult(1, 2, 3, 4, 5);

        assertThat(LoadResult.parse(result.toLine())).isEqualTo(result);
    }

    @Test
    void failsWithTheReasonOfAFailedCommand() {
        assertThatThrownBy(() -> LoadResult.parse("failed echo: a connection ended early"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("ended early");
    }
}

package dev.throughline.intercept;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.intercept.MarkOwners.Owner;
import java.util.List;
import org.junit.jupiter.api.Test;

class MarkOwnersTest {
    @Test
    void readsWhoseTableItIs() {
        assertThat(Owner.of(List.of(
                        "table inet throughline-hop-a {",
                        "\tcomment \"throughline: hop hop-a, mark 0x00001071\"",
                        "\tflags owner")))
                .contains(new Owner("hop-a", 0x1071));
    }

    @Test
    void ignoresTablesOfOtherPrograms() {
        assertThat(Owner.of(List.of("table inet throughline-x {", "\tcomment \"mine\"", "}")))
                .isEmpty();
    }
}

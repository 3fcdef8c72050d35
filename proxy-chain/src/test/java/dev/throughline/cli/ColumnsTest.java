package dev.throughline.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ColumnsTest {
    @Test
    void columnsAreAsWideAsTheirWidestCell() {
        assertThat(new Columns(1)
                        .row("NAME", "N", "NOTE")
                        .row("a", "1", "")
                        .row("a-name-longer-than-its-heading", "1000", "one"))
                .hasToString("""
                        NAME                               N  NOTE
                        a                                  1
                        a-name-longer-than-its-heading  1000  one
                        """);
    }
}

package dev.throughline.flow;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class TurnsTest {
    private final Turns<Character, String> turns = new Turns<>();

    private void add(String... items) {
        for (String item : items) {
            turns.add(item.charAt(0), item);
        }
    }

    private List<String> all() {
        List<String> taken = new ArrayList<>();
        for (Optional<String> next = turns.next(); next.isPresent(); next = turns.next()) {
            taken.add(next.get());
        }
        return taken;
    }

    @Test
    void ownersTakeTurnsAndKeepTheirOrder() {
        add("a1", "a2", "a3", "b1", "a4", "c1", "b2");
        assertThat(all()).containsExactly("a1", "b1", "c1", "a2", "b2", "a3", "a4");
        assertThat(turns.isEmpty()).isTrue();
    }

    @Test
    void whoComesLaterIsServedAfterOneOfEachOther() {
        add("a1", "a2", "a3", "b1", "b2");
        assertThat(turns.next()).contains("a1");
        add("c1");
        assertThat(all()).containsExactly("b1", "a2", "c1", "b2", "a3");
    }
}

package dev.throughline.flow;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class RoundRobinQueueTest {
    private final RoundRobinQueue<Character, String> turns = new RoundRobinQueue<>();

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
    void anOwnerWhoHadNoneIsNext() {
        add("a1", "a2", "b1", "b2");
        assertThat(turns.next()).contains("a1");
        assertThat(turns.next()).contains("b1");
        add("c1", "c2");
        assertThat(all()).containsExactly("c1", "a2", "b2", "c2");
    }

    @Test
    @Tag("attack")
    void anOwnerWhoComesAgainAndAgainIsNextOnceInARound() {
        add("a1", "a2", "a3", "b1", "b2", "b3");
        List<String> taken = new ArrayList<>();
        for (int i = 1; i <= 9; i++) {
            // It never has more than one waiting, and asks again as soon as that was taken.
            if (i == 1 || (!taken.isEmpty() && taken.getLast().startsWith("c"))) {
                add("c" + i);
            }
            taken.add(turns.next().orElseThrow());
        }
        assertThat(taken.stream().map(item -> item.charAt(0)))
                .containsExactly('a', 'b', 'c', 'a', 'b', 'c', 'a', 'b', 'c');
    }
}

package dev.throughline.identify;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class RoundRobinQueueTest {
    private final RoundRobinQueue<Character, String> turns = new RoundRobinQueue<>();
    private final RoundRobinQueue<Long, String> queue = new RoundRobinQueue<>(3, 5);

    private void add(String... items) {
        for (String item : items) {
            assertThat(turns.add(item.charAt(0), item)).isEmpty();
        }
    }

    private Optional<String> next() {
        return turns.next().map(RoundRobinQueue.Turn::item);
    }

    private List<String> all() {
        List<String> taken = new ArrayList<>();
        for (Optional<String> next = next(); next.isPresent(); next = next()) {
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
        assertThat(next()).contains("a1");
        assertThat(next()).contains("b1");
        add("c1", "c2");
        assertThat(all()).containsExactly("c1", "a2", "b2", "c2");
    }

    @Test
    @Tag("attack")
    void anOwnerWhoReturnsRepeatedlyIsNextOnceInARound() {
        add("a1", "a2", "a3", "b1", "b2", "b3");
        List<String> taken = new ArrayList<>();
        for (int i = 1; i <= 9; i++) {
            // It has at most one waiting element, and adds the next one as soon as that was taken.
            if (i == 1 || (!taken.isEmpty() && taken.getLast().startsWith("c"))) {
                add("c" + i);
            }
            taken.add(next().orElseThrow());
        }
        assertThat(taken.stream().map(item -> item.charAt(0)))
                .containsExactly('a', 'b', 'c', 'a', 'b', 'c', 'a', 'b', 'c');
    }

    private List<String> rest() {
        List<String> items = new ArrayList<>();
        for (Optional<RoundRobinQueue.Turn<Long, String>> turn = queue.next(); turn.isPresent(); turn = queue.next()) {
            items.add(turn.get().item());
        }
        return items;
    }

    @Test
    void servesUsersInTurnsAndEachUserInOrder() {
        List.of("a1", "a2", "a3").forEach(item -> queue.add(1L, item));
        queue.add(2L, "b1");
        queue.add(3L, "c1");

        assertThat(rest()).containsExactly("a1", "b1", "c1", "a2", "a3");
        assertThat(queue.size()).isZero();
    }

    @Test
    void anItemThatIsPutBackWaitsBehindTheOtherUsers() {
        List.of("a1", "a2").forEach(item -> queue.add(1L, item));
        queue.add(2L, "b1");

        queue.putBack(1L, queue.next().orElseThrow().item());

        assertThat(rest()).containsExactly("b1", "a2", "a1");
    }

    @Test
    void refusesMoreThanAUserMayHave() {
        IntStream.range(0, 3).forEach(i -> assertThat(queue.add(1L, "a" + i)).isEmpty());

        assertThat(queue.add(1L, "a3")).contains(new RoundRobinQueue.Turn<>(1L, "a3"));
        assertThat(queue.add(2L, "b")).isEmpty();
    }

    @Test
    void aFullQueueTakesTheNewestItemOfTheUserWhoHasTheMost() {
        List.of("a1", "a2", "a3").forEach(item -> queue.add(1L, item));
        List.of("b1", "b2").forEach(item -> queue.add(2L, item));

        assertThat(queue.add(3L, "c1")).contains(new RoundRobinQueue.Turn<>(1L, "a3"));
        assertThat(queue.add(3L, "c2")).contains(new RoundRobinQueue.Turn<>(3L, "c2"));
        assertThat(rest()).containsExactlyInAnyOrder("a1", "a2", "b1", "b2", "c1");
    }

    @Test
    void skipsItemsThatCannotBeServedNow() {
        List.of("a1", "a2").forEach(item -> queue.add(1L, item));

        assertThat(queue.next(item -> !item.equals("a1")).map(RoundRobinQueue.Turn::item))
                .contains("a2");
        assertThat(queue.next(item -> !item.equals("a1"))).isEmpty();
        assertThat(queue.size()).isEqualTo(1);
    }

    @Test
    void removesAnItem() {
        queue.add(1L, "a1");
        queue.remove(1L, "a1");
        queue.remove(1L, "a1");
        queue.remove(2L, "a1");

        assertThat(queue.size()).isZero();
        assertThat(queue.next()).isEmpty();
    }
}

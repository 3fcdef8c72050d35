package dev.throughline.identify;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class UserRoundRobinTest {
    private final UserRoundRobin<String> queue = new UserRoundRobin<>(3, 5);

    private List<String> rest() {
        List<String> items = new ArrayList<>();
        for (Optional<UserRoundRobin.Turn<String>> turn = queue.next(); turn.isPresent(); turn = queue.next()) {
            items.add(turn.get().item());
        }
        return items;
    }

    @Test
    void servesUsersInTurnsAndEachUserInOrder() {
        List.of("a1", "a2", "a3").forEach(item -> queue.add(1, item));
        queue.add(2, "b1");
        queue.add(3, "c1");

        assertThat(rest()).containsExactly("a1", "b1", "c1", "a2", "a3");
        assertThat(queue.size()).isZero();
    }

    @Test
    void anItemThatIsPutBackWaitsBehindTheOtherUsers() {
        List.of("a1", "a2").forEach(item -> queue.add(1, item));
        queue.add(2, "b1");

        queue.putBack(1, queue.next().orElseThrow().item());

        assertThat(rest()).containsExactly("b1", "a2", "a1");
    }

    @Test
    void refusesMoreThanAUserMayHave() {
        IntStream.range(0, 3).forEach(i -> assertThat(queue.add(1, "a" + i)).isEmpty());

        assertThat(queue.add(1, "a3")).contains(new UserRoundRobin.Turn<>(1, "a3"));
        assertThat(queue.add(2, "b")).isEmpty();
    }

    @Test
    void aFullQueueTakesTheNewestItemOfTheUserWhoHasTheMost() {
        List.of("a1", "a2", "a3").forEach(item -> queue.add(1, item));
        List.of("b1", "b2").forEach(item -> queue.add(2, item));

        assertThat(queue.add(3, "c1")).contains(new UserRoundRobin.Turn<>(1, "a3"));
        assertThat(queue.add(3, "c2")).contains(new UserRoundRobin.Turn<>(3, "c2"));
        assertThat(rest()).containsExactlyInAnyOrder("a1", "a2", "b1", "b2", "c1");
    }

    @Test
    void skipsItemsThatCannotBeServedNow() {
        List.of("a1", "a2").forEach(item -> queue.add(1, item));

        assertThat(queue.next(item -> !item.equals("a1")).map(UserRoundRobin.Turn::item))
                .contains("a2");
        assertThat(queue.next(item -> !item.equals("a1"))).isEmpty();
        assertThat(queue.size()).isEqualTo(1);
    }

    @Test
    void removesAnItem() {
        queue.add(1, "a1");
        queue.remove(1, "a1");
        queue.remove(1, "a1");
        queue.remove(2, "a1");

        assertThat(queue.size()).isZero();
        assertThat(queue.next()).isEmpty();
    }
}

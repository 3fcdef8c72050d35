package dev.throughline.budget;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class SharedRoomTest {
    private final SharedRoom<String> room = new SharedRoom<>(10);

    private static Account user(String name, String process) {
        return new Account("host", name, "app", process);
    }

    private void fill() {
        for (int i = 0; i < 10; i++) {
            assertThat(room.add(user("ann", "fork-" + i), "ann-" + i)).isEmpty();
        }
    }

    @Test
    void theLargestUserLosesItsNewestItemToOthers() {
        room.add(user("ann", "1"), "old");
        room.add(user("ann", "2"), "only");
        for (int i = 0; i < 8; i++) {
            room.add(user("ann", "1"), "new-" + i);
        }
        assertThat(room.add(user("bob", "1"), "bob")).contains("new-7");
        assertThat(room.size()).isEqualTo(10);
    }

    @Test
    @Tag("attack")
    void processesOfAUserHaveThatUsersShare() {
        fill();
        assertThat(room.add(user("ann", "fork-10"), "ann-10")).contains("ann-10");
        for (int i = 0; i < 5; i++) {
            assertThat(room.add(user("bob", "1"), "bob-" + i)).get().asString().startsWith("ann");
        }
        assertThat(room.add(user("bob", "1"), "bob-5")).as("both have five").contains("bob-5");
    }

    @Test
    void whatLeavesMakesRoom() {
        fill();
        assertThat(room.remove(user("ann", "fork-3"), "ann-3")).isTrue();
        assertThat(room.remove(user("ann", "fork-3"), "ann-3")).isFalse();
        assertThat(room.add(user("ann", "fork-10"), "ann-10")).isEmpty();
        assertThat(room.size()).isEqualTo(10);
    }

    @Test
    void withoutRoomNothingComesIn() {
        room.capacity(0);
        assertThat(room.add(user("bob", "1"), "bob")).contains("bob");
        assertThat(room.size()).isZero();
    }
}

package dev.throughline.budget;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class SharedSetTest {
    private final SharedSet<String> set = new SharedSet<>(10);

    private static Account user(String name, String process) {
        return new Account("host", name, "app", process);
    }

    private void fill() {
        for (int i = 0; i < 10; i++) {
            assertThat(set.add(user("ann", "fork-" + i), "ann-" + i)).isEmpty();
        }
    }

    @Test
    void theLargestUserLosesItsNewestItemToOthers() {
        set.add(user("ann", "1"), "old");
        set.add(user("ann", "2"), "only");
        for (int i = 0; i < 8; i++) {
            set.add(user("ann", "1"), "new-" + i);
        }
        assertThat(set.add(user("bob", "1"), "bob")).contains("new-7");
        assertThat(set.size()).isEqualTo(10);
    }

    @Test
    @Tag("attack")
    void processesOfAUserShareThatUsersPart() {
        fill();
        assertThat(set.add(user("ann", "fork-10"), "ann-10")).contains("ann-10");
        for (int i = 0; i < 5; i++) {
            assertThat(set.add(user("bob", "1"), "bob-" + i)).get().asString().startsWith("ann");
        }
        assertThat(set.add(user("bob", "1"), "bob-5")).as("both have five").contains("bob-5");
    }

    @Test
    void aRemovedElementFreesItsSlot() {
        fill();
        assertThat(set.remove(user("ann", "fork-3"), "ann-3")).isTrue();
        assertThat(set.remove(user("ann", "fork-3"), "ann-3")).isFalse();
        assertThat(set.add(user("ann", "fork-10"), "ann-10")).isEmpty();
        assertThat(set.size()).isEqualTo(10);
    }

    @Test
    void aQueueWithoutCapacityAcceptsNothing() {
        set.capacity(0);
        assertThat(set.add(user("bob", "1"), "bob")).contains("bob");
        assertThat(set.size()).isZero();
    }
}

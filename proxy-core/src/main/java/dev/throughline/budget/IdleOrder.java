package dev.throughline.budget;

import java.util.Comparator;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeSet;

/**
 * The evictable flows of one process, sorted by when they last moved a byte. Flows move all the time without a notification,
 * so the order is that of the times last read from each flow; only the head's time is read again before it is used.
 */
final class IdleOrder {
    /** Compares times by their difference, since {@link System#nanoTime} may overflow; equal ones by age. */
    private static final Comparator<Slot> BY_TIME = (one, other) -> {
        int byTime = Long.signum(one.seenMoved() - other.seenMoved());
        return byTime != 0
                ? byTime
                : Long.compare(one.lease().number(), other.lease().number());
    };

    private final TreeSet<Slot> slots = new TreeSet<>(BY_TIME);

    /** Compares two flows: the one that has moved nothing for longer comes first. */
    static Comparator<Slot> byTime() {
        return BY_TIME;
    }

    void add(Slot slot) {
        slot.look();
        slots.add(slot);
    }

    void remove(Slot slot) {
        slots.remove(slot);
    }

    /** Returns the flow that has moved nothing for the longest time, if that is since {@code before} or longer. */
    Optional<Slot> longestIdle(long before) {
        while (!slots.isEmpty() && slots.getFirst().seenMoved() - before <= 0) {
            Slot head = slots.removeFirst();
            boolean moved = head.look();
            slots.add(head);
            if (!moved) {
                return Optional.of(head);
            }
        }
        return Optional.empty();
    }

    /** Returns the earliest time last read from any flow, a lower bound of the real ones; empty if there are no flows. */
    OptionalLong from() {
        return slots.isEmpty()
                ? OptionalLong.empty()
                : OptionalLong.of(slots.getFirst().seenMoved());
    }
}

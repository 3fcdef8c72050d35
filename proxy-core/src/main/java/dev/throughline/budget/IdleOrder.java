package dev.throughline.budget;

import java.util.Comparator;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeSet;

/**
 * The evictable flows of one process, sorted by when they last moved a byte. Flows move bytes without a notification, so the
 * order uses the times last read; only the head's time is read again before it is used.
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

    /** Compares two flows by their last byte; the longest idle comes first. */
    static Comparator<Slot> byTime() {
        return BY_TIME;
    }

    void add(Slot slot) {
        slot.refresh();
        slots.add(slot);
    }

    void remove(Slot slot) {
        slots.remove(slot);
    }

    void clear() {
        slots.clear();
    }

    /** Returns the longest idle flow, if it has moved no byte since {@code before}. */
    Optional<Slot> longestIdle(long before) {
        while (!slots.isEmpty() && slots.getFirst().seenMoved() - before <= 0) {
            Slot head = slots.removeFirst();
            boolean moved = head.refresh();
            slots.add(head);
            if (!moved) {
                return Optional.of(head);
            }
        }
        return Optional.empty();
    }

    /** Returns the earliest of the times last read, a lower bound of the actual ones; empty if there are no flows. */
    OptionalLong from() {
        return slots.isEmpty()
                ? OptionalLong.empty()
                : OptionalLong.of(slots.getFirst().seenMoved());
    }
}

package dev.throughline.budget;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * A process's flows in the order in which they moved something last. Flows move all the time: the order is of what was seen
 * last, and is looked at anew only where it counts, at its head. A binary heap whose places know where in it they are, since
 * most leave it from the middle.
 */
final class IdleOrder {
    /** Times come round: they are compared by their difference. */
    private static final Comparator<Place> BY_TIME = (one, other) -> {
        int byTime = Long.signum(one.seenMoved() - other.seenMoved());
        return byTime != 0
                ? byTime
                : Long.compare(one.lease().number(), other.lease().number());
    };

    private @Nullable Place[] heap = new Place[4];
    private int size;

    /** Of two flows the one that has moved nothing for longer. */
    static Comparator<Place> byTime() {
        return BY_TIME;
    }

    /** It may be evicted from now on. */
    void add(Place place) {
        place.look();
        if (size == heap.length) {
            heap = Arrays.copyOf(heap, 2 * size);
        }
        size++;
        rise(place, size - 1);
    }

    /** It may not any more. */
    void remove(Place place) {
        size--;
        Place last = at(size);
        heap[size] = null;
        if (last != place) {
            // To one of both sides it goes.
            rise(last, place.index());
            sink(last, last.index());
        }
    }

    /** The flow that has moved nothing for the longest time, if that is since {@code before} or longer. */
    Optional<Place> longestIdle(long before) {
        while (size > 0 && at(0).seenMoved() - before <= 0) {
            Place head = at(0);
            if (!head.look()) {
                return Optional.of(head);
            }
            sink(head, 0);
        }
        return Optional.empty();
    }

    /** No flow has moved nothing for longer than since then; empty if none may be evicted. */
    OptionalLong from() {
        return size == 0 ? OptionalLong.empty() : OptionalLong.of(at(0).seenMoved());
    }

    private Place at(int index) {
        Place place = heap[index];
        if (place == null) {
            throw new IllegalStateException("nothing at " + index + " of " + size);
        }
        return place;
    }

    private void put(Place place, int index) {
        heap[index] = place;
        place.index(index);
    }

    private void rise(Place place, int from) {
        int index = from;
        while (index > 0 && BY_TIME.compare(place, at((index - 1) / 2)) < 0) {
            put(at((index - 1) / 2), index);
            index = (index - 1) / 2;
        }
        put(place, index);
    }

    private void sink(Place place, int from) {
        int index = from;
        while (true) {
            int child = 2 * index + 1;
            if (child + 1 < size && BY_TIME.compare(at(child + 1), at(child)) < 0) {
                child++;
            }
            if (child >= size || BY_TIME.compare(place, at(child)) <= 0) {
                break;
            }
            put(at(child), index);
            index = child;
        }
        put(place, index);
    }
}

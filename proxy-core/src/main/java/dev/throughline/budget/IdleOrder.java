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
    /** When each moved something last: places lie all over the memory, and most questions are of times alone. */
    private long[] seen = new long[4];

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
            seen = Arrays.copyOf(seen, 2 * size);
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
            int index = place.index();
            if (index > 0 && isBefore(last, (index - 1) / 2)) {
                rise(last, index);
            } else {
                sink(last, index);
            }
        }
    }

    /** The flow that has moved nothing for the longest time, if that is since {@code before} or longer. */
    Optional<Place> longestIdle(long before) {
        while (size > 0 && seen[0] - before <= 0) {
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
        return size == 0 ? OptionalLong.empty() : OptionalLong.of(seen[0]);
    }

    private Place at(int index) {
        Place place = heap[index];
        if (place == null) {
            throw new IllegalStateException("nothing at " + index + " of " + size);
        }
        return place;
    }

    private boolean isBefore(Place place, int index) {
        long apart = place.seenMoved() - seen[index];
        return apart < 0 || (apart == 0 && BY_TIME.compare(place, at(index)) < 0);
    }

    private void put(Place place, long moved, int index) {
        heap[index] = place;
        seen[index] = moved;
        place.index(index);
    }

    private void rise(Place place, int from) {
        int index = from;
        while (index > 0) {
            int above = (index - 1) / 2;
            if (!isBefore(place, above)) {
                break;
            }
            put(at(above), seen[above], index);
            index = above;
        }
        put(place, place.seenMoved(), index);
    }

    private void sink(Place place, int from) {
        int index = from;
        for (int child = 2 * index + 1; child < size; child = 2 * index + 1) {
            if (child + 1 < size && isBefore(child + 1, child)) {
                child++;
            }
            if (!isBefore(child, place)) {
                break;
            }
            put(at(child), seen[child], index);
            index = child;
        }
        put(place, place.seenMoved(), index);
    }

    private boolean isBefore(int one, int other) {
        long apart = seen[one] - seen[other];
        return apart < 0 || (apart == 0 && BY_TIME.compare(at(one), at(other)) < 0);
    }

    private boolean isBefore(int index, Place place) {
        long apart = seen[index] - place.seenMoved();
        return apart < 0 || (apart == 0 && BY_TIME.compare(at(index), place) < 0);
    }
}

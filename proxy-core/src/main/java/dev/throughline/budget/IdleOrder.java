package dev.throughline.budget;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * A process's flows in the order in which they moved something last. Flows move all the time: the order is of what was seen
 * last, and is checked again only at the head.
 *
 * <p>A binary heap, and behind it those that came since somebody asked last, in no order: mostly nobody asks before they are
 * gone. Each place knows where it is, since most leave from the middle.
 */
final class IdleOrder {
    /** Times come round: they are compared by their difference. */
    private static final Comparator<Slot> BY_TIME = (one, other) -> {
        int byTime = Long.signum(one.seenMoved() - other.seenMoved());
        return byTime != 0
                ? byTime
                : Long.compare(one.lease().number(), other.lease().number());
    };

    private static final long[] NOTHING_SEEN = {};

    private @Nullable Slot[] places = new Slot[4];
    private int size;
    /** How many of them, from the first, are the heap. */
    private int ordered;
    /** When those moved something last: places lie all over the memory, and most questions are of times alone. */
    private long[] seen = NOTHING_SEEN;

    /** Of two flows the one that has moved nothing for longer. */
    static Comparator<Slot> byTime() {
        return BY_TIME;
    }

    /** It may be evicted from now on. */
    void add(Slot place) {
        place.look();
        if (size == places.length) {
            places = Arrays.copyOf(places, 2 * size);
        }
        set(size, place);
        size++;
    }

    /** It may not any more. */
    void remove(Slot place) {
        int hole = place.index();
        if (hole < ordered) {
            ordered--;
            Slot last = at(ordered);
            if (last != place) {
                // To one of both sides it goes.
                if (hole > 0 && isBefore(last, (hole - 1) / 2)) {
                    rise(last, hole);
                } else {
                    sink(last, hole);
                }
            }
            hole = ordered;
        }
        size--;
        if (hole < size) {
            set(hole, at(size));
        }
        places[size] = null;
    }

    /** The flow that has moved nothing for the longest time, if that is since {@code before} or longer. */
    Optional<Slot> longestIdle(long before) {
        order();
        while (size > 0 && seen[0] - before <= 0) {
            Slot head = at(0);
            if (!head.look()) {
                return Optional.of(head);
            }
            sink(head, 0);
        }
        return Optional.empty();
    }

    /** As far as was looked, no flow has moved nothing for longer than since then; empty if none may be evicted. */
    OptionalLong from() {
        order();
        return size == 0 ? OptionalLong.empty() : OptionalLong.of(seen[0]);
    }

    private void order() {
        if (seen.length < size) {
            seen = Arrays.copyOf(seen, places.length);
        }
        while (ordered < size) {
            ordered++;
            rise(at(ordered - 1), ordered - 1);
        }
    }

    private Slot at(int index) {
        Slot place = places[index];
        if (place == null) {
            throw new IllegalStateException("nothing at " + index + " of " + size);
        }
        return place;
    }

    private void set(int index, Slot place) {
        places[index] = place;
        place.index(index);
    }

    private void put(int index, Slot place, long moved) {
        set(index, place);
        seen[index] = moved;
    }

    private void rise(Slot place, int from) {
        int index = from;
        while (index > 0) {
            int above = (index - 1) / 2;
            if (!isBefore(place, above)) {
                break;
            }
            put(index, at(above), seen[above]);
            index = above;
        }
        put(index, place, place.seenMoved());
    }

    private void sink(Slot place, int from) {
        int index = from;
        for (int child = 2 * index + 1; child < ordered; child = 2 * index + 1) {
            if (child + 1 < ordered && isBefore(child + 1, child)) {
                child++;
            }
            if (isBefore(place, child)) {
                break;
            }
            put(index, at(child), seen[child]);
            index = child;
        }
        put(index, place, place.seenMoved());
    }

    private boolean isBefore(Slot place, int index) {
        long apart = place.seenMoved() - seen[index];
        return apart < 0 || (apart == 0 && BY_TIME.compare(place, at(index)) < 0);
    }

    private boolean isBefore(int one, int other) {
        long apart = seen[one] - seen[other];
        return apart < 0 || (apart == 0 && BY_TIME.compare(at(one), at(other)) < 0);
    }
}

package dev.throughline.budget;

import java.util.Comparator;
import java.util.Optional;
import java.util.PriorityQueue;

/**
 * A process's flows in the order in which they moved something last. Flows move all the time: the order is of what was seen
 * last, and is looked at anew only where it counts, at its head.
 */
final class IdleOrder {
    /** What is moved comes round: times are compared by their difference. */
    private static final Comparator<Place> BY_TIME = (one, other) -> {
        int byTime = Long.signum(one.seenMoved() - other.seenMoved());
        return byTime != 0
                ? byTime
                : Long.compare(one.lease().number(), other.lease().number());
    };

    private final PriorityQueue<Place> places = new PriorityQueue<>(BY_TIME);
    private int evictable;

    /** It may be evicted from now on. */
    void add(Place place) {
        evictable++;
        if (!place.isListed()) {
            place.listed(true);
            place.look();
            places.add(place);
        }
    }

    /** It may not any more. It leaves the order when it comes to its head, or when too many are there for nothing. */
    void remove() {
        evictable--;
        if (places.size() > 2 * evictable + 16) {
            places.removeIf(place -> {
                boolean gone = !place.lease().isEvictable();
                place.listed(!gone);
                return gone;
            });
        }
    }

    /** The flow that has moved nothing for the longest time, if that is since {@code before} or longer. */
    Optional<Place> longestIdle(long before) {
        while (!places.isEmpty()) {
            Place head = places.peek();
            if (!head.lease().isEvictable()) {
                places.poll();
                head.listed(false);
            } else if (head.seenMoved() - before > 0) {
                return Optional.empty();
            } else {
                places.poll();
                boolean moved = head.look();
                places.add(head);
                if (!moved) {
                    return Optional.of(head);
                }
            }
        }
        return Optional.empty();
    }

    /** Of two flows the one that has moved nothing for longer. */
    static Comparator<Place> byTime() {
        return BY_TIME;
    }
}

package dev.throughline.identify;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Items that wait, for each user in order, and served by user in turns: one user's flood delays another user's item by one item
 * for each user who waits. Not thread-safe.
 */
final class UserRoundRobin<T> {
    /** An item, and its user. */
    record Turn<T>(long user, T item) {}

    private final int perUser;
    private final int total;
    /** The order of the keys is that of the turns. */
    private final LinkedHashMap<Long, Deque<T>> waiting = new LinkedHashMap<>();

    private int size;

    /**
     * Creates an empty queue.
     *
     * @param perUser items of one user
     * @param total items of all users; when they are all taken, the user with the most loses the newest item
     */
    UserRoundRobin(int perUser, int total) {
        this.perUser = perUser;
        this.total = total;
    }

    /** Adds an item. Returns the one that doesn't fit: this one, or the newest of the user with the most. */
    Optional<Turn<T>> add(long user, T item) {
        int own = waiting.getOrDefault(user, new ArrayDeque<>()).size();
        if (own >= perUser) {
            return Optional.of(new Turn<>(user, item));
        }
        Optional<Turn<T>> displaced = Optional.empty();
        if (size >= total) {
            Map.Entry<Long, Deque<T>> most = most();
            if (most.getValue().size() <= own + 1) {
                return Optional.of(new Turn<>(user, item));
            }
            displaced = Optional.of(new Turn<>(most.getKey(), most.getValue().removeLast()));
            size--;
        }
        putBack(user, item);
        return displaced;
    }

    private Map.Entry<Long, Deque<T>> most() {
        return waiting.entrySet().stream()
                .max((one, other) ->
                        Integer.compare(one.getValue().size(), other.getValue().size()))
                .orElseThrow();
    }

    /** Adds an item that was served in part, behind the user's others, whether it fits or not. */
    void putBack(long user, T item) {
        waiting.computeIfAbsent(user, _ -> new ArrayDeque<>()).add(item);
        size++;
    }

    /** Removes and returns the oldest item of the user who is next. */
    Optional<Turn<T>> next() {
        return next(_ -> true);
    }

    /** Removes and returns the oldest item that can be served, of the first user in turn who has one. */
    Optional<Turn<T>> next(Predicate<T> canBeServed) {
        Optional<Turn<T>> found = waiting.entrySet().stream()
                .flatMap(user -> user.getValue().stream()
                        .filter(canBeServed)
                        .findFirst()
                        .map(item -> new Turn<>(user.getKey(), item))
                        .stream())
                .findFirst();
        found.ifPresent(turn -> {
            remove(turn.user, turn.item);
            Deque<T> rest = waiting.remove(turn.user);
            if (rest != null) {
                waiting.put(turn.user, rest);
            }
        });
        return found;
    }

    /** Removes an item, if the user has it. */
    void remove(long user, T item) {
        Deque<T> own = waiting.get(user);
        if (own == null || !own.remove(item)) {
            return;
        }
        size--;
        if (own.isEmpty()) {
            waiting.remove(user);
        }
    }

    int size() {
        return size;
    }
}

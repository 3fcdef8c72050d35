package dev.throughline.budget;

import dev.throughline.budget.Shortage.Scope;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The numbers of flows of each class, for its caps. A flow counts by the caps that its class had when it was admitted. */
final class CapCounts {
    /** The key of a counter. Names outside of its scope are empty. */
    record Key(
            Scope scope,
            String limits,
            String host,
            String user,
            String executable,
            String process,
            String destination) {}

    private final Map<Key, Integer> counts = new HashMap<>();

    /** Returns the narrowest cap that a flow would exceed. */
    Optional<Shortage> objection(LeaseRequest request) {
        Caps caps = request.limits().caps();
        if (caps.isOpen()) {
            return Optional.empty();
        }
        for (Scope scope : Scope.values()) {
            int cap = cap(caps, scope);
            if (cap != Caps.NONE && counts.getOrDefault(key(request, scope), 0) >= cap) {
                return Optional.of(new Shortage.Capped(scope, cap));
            }
        }
        return Optional.empty();
    }

    /** Counts a flow. Returns the keys to {@linkplain #remove} when it ends. */
    List<Key> add(LeaseRequest request) {
        Caps caps = request.limits().caps();
        if (caps.isOpen()) {
            return List.of();
        }
        List<Key> counted = new ArrayList<>();
        for (Scope scope : Scope.values()) {
            if (cap(caps, scope) != Caps.NONE) {
                Key key = key(request, scope);
                counts.merge(key, 1, Integer::sum);
                counted.add(key);
            }
        }
        return counted;
    }

    void remove(List<Key> counted) {
        for (Key key : counted) {
            counts.computeIfPresent(key, (_, count) -> count == 1 ? null : count - 1);
        }
    }

    boolean isEmpty() {
        return counts.isEmpty();
    }

    private static int cap(Caps caps, Scope scope) {
        return switch (scope) {
            case PROCESS -> caps.process();
            case EXECUTABLE -> caps.executable();
            case USER -> caps.user();
            case DESTINATION -> caps.destination();
            case EXECUTABLE_AND_DESTINATION -> caps.executableAndDestination();
        };
    }

    private static Key key(LeaseRequest request, Scope scope) {
        Account who = request.account();
        String name = request.limits().name();
        return switch (scope) {
            case PROCESS -> new Key(scope, name, who.host(), who.user(), who.executable(), who.process(), "");
            case EXECUTABLE -> new Key(scope, name, who.host(), who.user(), who.executable(), "", "");
            case USER -> new Key(scope, name, who.host(), who.user(), "", "", "");
            case DESTINATION -> new Key(scope, name, "", "", "", "", request.destination());
            case EXECUTABLE_AND_DESTINATION ->
                new Key(scope, name, who.host(), who.user(), who.executable(), "", request.destination());
        };
    }
}

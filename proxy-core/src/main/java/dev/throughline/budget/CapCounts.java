package dev.throughline.budget;

import com.google.common.collect.ImmutableList;
import dev.throughline.budget.Shortage.Scope;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** The flows of each class, by what its caps count. A flow counts by the caps that its class had when it came. */
final class CapCounts {
    /** What a cap counts: names that aren't of its scope are empty. */
    record Key(
            Scope scope,
            String limits,
            String host,
            String user,
            String executable,
            String process,
            String destination) {}

    private final Map<Key, Integer> counts = new HashMap<>();

    /** The first cap that is reached for a flow, the narrowest first. */
    Optional<Shortage> objection(LeaseRequest ask) {
        Caps caps = ask.limits().caps();
        if (caps.equals(Caps.OPEN)) {
            return Optional.empty();
        }
        for (Scope scope : Scope.values()) {
            int cap = cap(caps, scope);
            if (cap != Caps.NONE && counts.getOrDefault(key(ask, scope), 0) >= cap) {
                return Optional.of(new Shortage.Capped(scope, cap));
            }
        }
        return Optional.empty();
    }

    /** Counts a flow, and says what it is to be taken from when it ends. */
    ImmutableList<Key> add(LeaseRequest ask) {
        Caps caps = ask.limits().caps();
        if (caps.equals(Caps.OPEN)) {
            return ImmutableList.of();
        }
        ImmutableList.Builder<Key> counted = ImmutableList.builder();
        for (Scope scope : Scope.values()) {
            if (cap(caps, scope) != Caps.NONE) {
                Key key = key(ask, scope);
                counts.merge(key, 1, Integer::sum);
                counted.add(key);
            }
        }
        return counted.build();
    }

    void remove(ImmutableList<Key> counted) {
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

    private static Key key(LeaseRequest ask, Scope scope) {
        Account who = ask.who();
        String name = ask.limits().name();
        return switch (scope) {
            case PROCESS -> new Key(scope, name, who.host(), who.user(), who.executable(), who.process(), "");
            case EXECUTABLE -> new Key(scope, name, who.host(), who.user(), who.executable(), "", "");
            case USER -> new Key(scope, name, who.host(), who.user(), "", "", "");
            case DESTINATION -> new Key(scope, name, "", "", "", "", ask.destination());
            case EXECUTABLE_AND_DESTINATION ->
                new Key(scope, name, who.host(), who.user(), who.executable(), "", ask.destination());
        };
    }
}

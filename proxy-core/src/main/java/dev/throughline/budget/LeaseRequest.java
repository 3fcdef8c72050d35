package dev.throughline.budget;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * A request for a lease.
 *
 * @param account the account of the flow
 * @param destination address or host name, for caps
 * @param limits the class of the flow
 * @param alternatives the alternatives, preferred first; each lists all pools in which it needs a slot
 * @param since when the flow first requested a lease, on the clock of {@code now}; its longest wait starts then
 * @param moved returns when the flow last moved a byte, on the same clock
 */
public record LeaseRequest(
        Account account,
        String destination,
        LimitClass limits,
        List<List<String>> alternatives,
        long since,
        LongSupplier moved) {
    /** Copies the alternatives, unless {@link List#copyOf} made them: each flow of a route has the same. */
    public LeaseRequest {
        if (!isCopy(alternatives)) {
            // Not a stream, which is slow without the optimizing compiler.
            List<List<String>> copy = new ArrayList<>(alternatives.size());
            for (List<String> pools : alternatives) {
                copy.add(List.copyOf(pools));
            }
            alternatives = List.copyOf(copy);
        }
    }

    /** Returns whether nobody can change the lists, which List.copyOf then returns as they are. */
    @SuppressWarnings("ReferenceEquality")
    private static boolean isCopy(List<List<String>> alternatives) {
        boolean copied = List.copyOf(alternatives) == alternatives;
        for (int i = 0; i < alternatives.size() && copied; i++) {
            copied = List.copyOf(alternatives.get(i)) == alternatives.get(i);
        }
        return copied;
    }
}

package dev.throughline.flow;

import com.google.common.collect.ConcurrentHashMultiset;
import com.google.common.collect.Multiset;

/** A recorder of the budget's results, such as {@code "waited for hop: full"}. */
final class CountedBudget implements BudgetEvents {
    final Multiset<String> events = ConcurrentHashMultiset.create();

    @Override
    public void waited(String pool, String reason) {
        events.add("waited for " + pool + ": " + reason);
    }

    @Override
    public void refused(String pool, String reason) {
        events.add("refused by " + pool + ": " + reason);
    }

    @Override
    public void evicted(String transport, String reason) {
        events.add("evicted from " + transport + ": " + reason);
    }

    @Override
    public void fellOver(String transport, String reason) {
        events.add("fell over from " + transport + ": " + reason);
    }
}

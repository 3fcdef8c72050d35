package dev.throughline.intercept;

import com.google.common.collect.ImmutableList;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Lines of rules or routes: what should be there, and what is. */
record RuleLines(List<String> meant, List<String> found) {
    RuleDifference difference() {
        if (found.isEmpty() && !meant.isEmpty()) {
            return new RuleDifference.NotInstalled();
        }
        return meant.equals(found) ? new RuleDifference.None() : new RuleDifference.Differs(diff());
    }

    private ImmutableList<String> diff() {
        // A line may be there several times, such as "accept".
        List<String> missing = new ArrayList<>(meant);
        found.forEach(missing::remove);
        List<String> surplus = new ArrayList<>(found);
        meant.forEach(surplus::remove);
        ImmutableList<String> lines = Stream.concat(
                        missing.stream().map(line -> "- " + line.strip()),
                        surplus.stream().map(line -> "+ " + line.strip()))
                .collect(ImmutableList.toImmutableList());
        return lines.isEmpty() ? ImmutableList.of("the same rules in another order, or repeated") : lines;
    }
}

package dev.throughline.intercept;

import com.google.common.collect.ImmutableList;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** A comparison of expected and installed lines of rules or routes. */
record RuleLines(List<String> expected, List<String> found) {
    RuleDifference difference() {
        if (found.isEmpty() && !expected.isEmpty()) {
            return new RuleDifference.NotInstalled();
        }
        return expected.equals(found) ? new RuleDifference.None() : new RuleDifference.Differs(diff());
    }

    private ImmutableList<String> diff() {
        // A line such as "accept" may occur several times.
        List<String> missing = new ArrayList<>(expected);
        found.forEach(missing::remove);
        List<String> surplus = new ArrayList<>(found);
        expected.forEach(surplus::remove);
        ImmutableList<String> lines = Stream.concat(
                        missing.stream().map(line -> "- " + line.strip()),
                        surplus.stream().map(line -> "+ " + line.strip()))
                .collect(ImmutableList.toImmutableList());
        return lines.isEmpty() ? ImmutableList.of("the same rules in another order, or repeated") : lines;
    }
}

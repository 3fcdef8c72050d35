package dev.throughline.intercept;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;

/**
 * What one hop asks of the kernel: which connections of this host it captures, and which of its own must not get out
 * uncaptured. Everything that {@link RuleText} and {@link DivertRoutes} say follows from this value.
 *
 * @param hop the hop's name; its table is {@code inet throughline-NAME}, as nft allows all characters of a hop's name
 * @param mark SO_MARK of all TCP connections that the hop opens for its flows, 1 to 0xFFFF, its own on this host
 * @param laterMarks marks of the hops after it on this host; like the hop's own, connections with these are left alone
 * @param captures in the order in which they are tried, those of previous hops before those of applications
 * @param guardNextHop whether the hop's own connections are refused unless a hop on this host captured them: while the
 *     next hop's rules are absent, the destination would otherwise be sent bytes that are meant for the next hop
 * @param failOpen whether captured traffic passes, unproxied, while the hop isn't running; the rules then belong to the
 *     running hop ({@link RuleTables#hold}). While the hop runs, a listener that is not there refuses, for either way
 * @param markUids the users who may open connections with marks of hops; empty if anybody may who can set them
 */
public record RulePlan(
        String hop,
        int mark,
        ImmutableList<Integer> laterMarks,
        ImmutableList<CaptureRule> captures,
        boolean guardNextHop,
        boolean failOpen,
        ImmutableList<Integer> markUids) {

    /** A plan by which marks alone tell the hops' connections from others. */
    public RulePlan(
            String hop,
            int mark,
            ImmutableList<Integer> laterMarks,
            ImmutableList<CaptureRule> captures,
            boolean guardNextHop,
            boolean failOpen) {
        this(hop, mark, laterMarks, captures, guardNextHop, failOpen, ImmutableList.of());
    }

    /** Returns all problems of this plan, for the author of the configuration; empty if it can be used. */
    public ImmutableList<String> problems() {
        return new PlanProblems(this).all();
    }

    String table() {
        return "throughline-" + hop;
    }

    /** The names of the listeners; the place of a name is the number of its listener. */
    ImmutableList<String> listeners() {
        return captures.stream()
                .map(CaptureRule::listener)
                .collect(ImmutableSet.toImmutableSet())
                .asList();
    }

    /** SO_MARK of the listener's socket, by which the rules know its answers. */
    public int answerMark(String listener) {
        return Marks.answer(mark, numberOf(listener));
    }

    int numberOf(String listener) {
        return listeners().indexOf(listener);
    }

    /** The connection mark of what {@code capture} captures. */
    int markOf(CaptureRule capture) {
        int number = numberOf(capture.listener());
        return switch (capture.way()) {
            case TPROXY -> Marks.diverted(mark, number);
            case REDIRECT -> Marks.redirected(mark, number);
            default -> throw new IllegalArgumentException(capture.way() + " needs no rule");
        };
    }
}

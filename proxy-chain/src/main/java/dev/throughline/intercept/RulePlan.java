package dev.throughline.intercept;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;

/**
 * The interception rules of one hop, independent of their form: the connections of this host that it captures, and its
 * own connections that must not leave uncaptured. {@link RuleText} and {@link DivertRoutes} are derived from it.
 *
 * @param hop the hop's name; its table is {@code inet throughline-NAME}, as nft allows all characters of a hop's name
 * @param mark SO_MARK of all TCP connections that the hop opens for its flows, 1 to 0xFFFF, unique on this host
 * @param laterMarks marks of later hops on this host; connections with these are not captured, like the hop's own
 * @param captures in order of evaluation, those of previous hops before those of applications
 * @param guardNextHop whether the hop's own connections are refused unless a hop on this host captured them: while the
 *     next hop's rules are absent, the destination would otherwise be sent bytes that are meant for the next hop
 * @param failOpen whether captured traffic passes, unproxied, while the hop isn't running; the rules then belong to the
 *     running hop ({@link RuleTables#hold}). While the hop runs, a listener that is not there refuses, for either way
 * @param markUids the users whose connections may have marks of hops; empty for any user with the capability
 */
public record RulePlan(
        String hop,
        int mark,
        ImmutableList<Integer> laterMarks,
        ImmutableList<CaptureRule> captures,
        boolean guardNextHop,
        boolean failOpen,
        ImmutableList<Integer> markUids) {
    /** Returns all problems of this plan, as messages for the author of the configuration. */
    public ImmutableList<String> problems() {
        return new PlanProblems(this).all();
    }

    String table() {
        return "throughline-" + hop;
    }

    /** Returns the names of the listeners; the index of a name is the listener's number in marks. */
    ImmutableList<String> listeners() {
        return captures.stream()
                .map(CaptureRule::listener)
                .collect(ImmutableSet.toImmutableSet())
                .asList();
    }

    /** Returns SO_MARK of the listener's socket, by which the rules recognise its replies. */
    public int answerMark(String listener) {
        return Marks.answer(mark, numberOf(listener));
    }

    int numberOf(String listener) {
        return listeners().indexOf(listener);
    }

    /** Returns the connection mark of connections that {@code capture} captures. */
    int markOf(CaptureRule capture) {
        int number = numberOf(capture.listener());
        return switch (capture.method()) {
            case TPROXY -> Marks.diverted(mark, number);
            case REDIRECT -> Marks.redirected(mark, number);
            default -> throw new IllegalArgumentException(capture.method() + " needs no rule");
        };
    }
}

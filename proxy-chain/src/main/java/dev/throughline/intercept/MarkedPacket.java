package dev.throughline.intercept;

import com.google.common.collect.ImmutableList;
import dev.throughline.originator.InterceptionMethod;

/**
 * A packet that carries marks of a hop.
 *
 * @param what which packets of the hop these are, in words for an operator
 * @param mark its packet mark
 * @param connectionMark the mark of its connection
 * @param own whether the hop itself sends it onwards: then it never enters by {@code lo}
 */
record MarkedPacket(String what, int mark, int connectionMark, boolean own) {
    /** A packet of somebody who knows nothing of marks. */
    static final MarkedPacket UNMARKED = new MarkedPacket("others", 0, 0, false);

    /** All kinds of packets that carry marks of {@code plan}. */
    static ImmutableList<MarkedPacket> of(RulePlan plan) {
        ImmutableList.Builder<MarkedPacket> packets = ImmutableList.builder();
        packets.add(new MarkedPacket("the hop's own connections", plan.mark(), 0, true));
        plan.captures().stream().distinct().forEach(capture -> {
            int number = plan.listeners().indexOf(capture.listener());
            int connection = plan.markOf(capture);
            packets.add(new MarkedPacket(
                    "what listener " + capture.listener() + " captures",
                    capture.way() == InterceptionMethod.TPROXY ? connection : 0,
                    connection,
                    false));
            packets.add(new MarkedPacket(
                    "answers of listener " + capture.listener(),
                    Marks.redirected(plan.mark(), number),
                    connection,
                    false));
        });
        return packets.build();
    }
}

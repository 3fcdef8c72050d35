package dev.throughline.intercept;

import com.google.common.collect.ImmutableList;
import dev.throughline.originator.InterceptionMethod;

/**
 * A kind of packet with marks of a hop.
 *
 * @param what description for an operator
 * @param mark its packet mark
 * @param connectionMark the mark of its connection
 * @param own whether it belongs to the hop's own upstream connections: then it never enters by {@code lo}
 */
record MarkedPacket(String what, int mark, int connectionMark, boolean own) {
    /** A packet without marks. */
    static final MarkedPacket UNMARKED = new MarkedPacket("others", 0, 0, false);

    /** Returns all kinds of packets with marks of {@code plan}. */
    static ImmutableList<MarkedPacket> of(RulePlan plan) {
        ImmutableList.Builder<MarkedPacket> packets = ImmutableList.builder();
        packets.add(new MarkedPacket("the hop's own connections", plan.mark(), 0, true));
        plan.captures().stream().distinct().forEach(capture -> {
            int number = plan.listeners().indexOf(capture.listener());
            int connection = plan.markOf(capture);
            packets.add(new MarkedPacket(
                    "connections that listener " + capture.listener() + " captures",
                    capture.method() == InterceptionMethod.TPROXY ? connection : 0,
                    connection,
                    false));
            packets.add(new MarkedPacket(
                    "replies of listener " + capture.listener(),
                    Marks.redirected(plan.mark(), number),
                    connection,
                    false));
        });
        return packets.build();
    }
}

package dev.throughline.intercept;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.Range;
import dev.throughline.header.Cidr;
import dev.throughline.originator.Way;
import java.util.OptionalInt;

/**
 * Which new TCP connections of this host go to which listener. Several captures may name one listener.
 *
 * @param way {@link Way#TPROXY} or {@link Way#REDIRECT}
 * @param port where the listener is bound, on 127.0.0.1 and on ::1
 */
public record Capture(String listener, Way way, int port, Match match) {
    /** Who must have opened a connection, and where to, for it to be captured. */
    public sealed interface Match {}

    /**
     * Connections of applications. An empty list doesn't restrict; what is excepted stays untouched by this capture, not
     * by others.
     *
     * @param ports closed ranges of destination ports
     * @param uids users whose connections are captured
     */
    public record Apps(
            ImmutableList<Range<Integer>> ports,
            ImmutableList<Cidr> destinations,
            ImmutableList<Cidr> exceptDestinations,
            ImmutableList<Integer> uids,
            ImmutableList<Integer> exceptUids)
            implements Match {}

    /**
     * Connections of the previous hop, told by its mark, by its user, or by both. A mark can only be set with
     * CAP_NET_ADMIN (or, since Linux 5.17, CAP_NET_RAW); a user can run more than the hop.
     */
    public record PreviousHop(OptionalInt mark, OptionalInt uid) implements Match {}
}

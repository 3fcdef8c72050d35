package dev.throughline.intercept;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.Range;
import dev.throughline.header.Cidr;
import dev.throughline.originator.InterceptionMethod;
import java.util.OptionalInt;

/**
 * Which new TCP connections of this host go to which listener. Several captures may name one listener.
 *
 * @param way {@link InterceptionMethod#TPROXY} or {@link InterceptionMethod#REDIRECT}
 * @param port where the listener is bound, on 127.0.0.1 and on ::1
 */
public record CaptureRule(String listener, InterceptionMethod way, int port, Match match) {
    /** Who must have opened a connection, and where to, for it to be captured. */
    public sealed interface Match {}

    /**
     * Connections of applications. An empty list doesn't restrict.
     *
     * @param ports closed ranges of destination ports
     * @param uids users whose connections are captured
     * @param except what this capture leaves alone; another capture may still take it
     * @param refuseUdp whether UDP to the same ports and destinations is rejected, so that QUIC falls back to TCP
     */
    public record Apps(
            ImmutableList<Range<Integer>> ports,
            ImmutableList<Cidr> destinations,
            ImmutableList<Integer> uids,
            Exceptions except,
            boolean refuseUdp)
            implements Match {}

    /**
     * Connections that are left alone; one match is enough.
     *
     * @param destinations networks
     * @param uids users
     * @param cgroups paths in the cgroup2 hierarchy, without a slash at either end; descendants included
     * @param devices network devices by which the connection would leave
     * @param marks SO_MARK of the application's socket
     */
    public record Exceptions(
            ImmutableList<Cidr> destinations,
            ImmutableList<Integer> uids,
            ImmutableList<String> cgroups,
            ImmutableList<String> devices,
            ImmutableList<MarkMatch> marks) {
        public static final Exceptions NONE = new Exceptions(
                ImmutableList.of(), ImmutableList.of(), ImmutableList.of(), ImmutableList.of(), ImmutableList.of());
    }

    /** A mark that has {@code value} in the bits of {@code mask}. */
    public record MarkMatch(int value, int mask) {}

    /**
     * Connections of the previous hop, told by its mark, by its user, or by both. A mark can only be set with
     * CAP_NET_ADMIN (or, since Linux 5.17, CAP_NET_RAW); a user can run more than the hop.
     */
    public record PreviousHop(OptionalInt mark, OptionalInt uid) implements Match {}
}

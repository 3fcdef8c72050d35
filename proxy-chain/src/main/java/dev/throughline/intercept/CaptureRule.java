package dev.throughline.intercept;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.Range;
import dev.throughline.header.Cidr;
import dev.throughline.originator.InterceptionMethod;
import java.util.OptionalInt;

/**
 * A rule that captures new TCP connections of this host for a listener. Several rules may name one listener.
 *
 * @param method {@link InterceptionMethod#TPROXY} or {@link InterceptionMethod#REDIRECT}
 * @param port the listener's port on 127.0.0.1 and on ::1
 */
public record CaptureRule(String listener, InterceptionMethod method, int port, Match match) {
    /** The condition on the originator and destination of a connection. */
    public sealed interface Match {}

    /**
     * Connections of applications. An empty list doesn't restrict.
     *
     * @param ports closed ranges of destination ports
     * @param uids users whose connections are captured
     * @param except connections that this rule doesn't capture; another rule may capture them
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
     * Connections that are not captured; one match is enough.
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
            ImmutableList<MarkMatch> marks) {}

    /** A mark that has {@code value} in the bits of {@code mask}. */
    public record MarkMatch(int value, int mask) {}

    /**
     * Connections of the previous hop, recognised by its mark, its user, or both. Setting a mark needs CAP_NET_ADMIN
     * (or, since Linux 5.17, CAP_NET_RAW); the user may run other programs besides the hop.
     */
    public record PreviousHop(OptionalInt mark, OptionalInt uid) implements Match {}
}

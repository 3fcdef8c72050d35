package dev.throughline.intercept;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.Range;
import com.google.common.net.InetAddresses;
import dev.throughline.header.Cidr;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A test connection that the hop's rules should deliver to one of its listeners.
 *
 * @param mark mark of the connection: that of the previous hop, or 0
 */
record CanaryPlan(String listener, InetSocketAddress destination, int mark) {
    /** Documentation addresses (RFC 5737, RFC 3849): no host has them, so a lost canary reaches no host. */
    private static final ImmutableList<InetAddress> UNUSED = Stream.of(
                    "192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1")
            .map(InetAddresses::forString)
            .collect(ImmutableList.toImmutableList());

    private static final int ANY_PORT = 9;

    /**
     * Returns a canary for each listener and address family that a process of {@code uid} can reach under the
     * conditions of {@code plan}.
     *
     * @param ipv6 whether the host has IPv6
     */
    static ImmutableList<CanaryPlan> of(RulePlan plan, int uid, boolean ipv6) {
        ImmutableList.Builder<CanaryPlan> all = ImmutableList.builder();
        for (String listener : plan.listeners()) {
            candidates(plan, uid, listener)
                    .filter(canary -> !isIpv6(canary))
                    .findFirst()
                    .ifPresent(all::add);
            candidates(plan, uid, listener)
                    .filter(canary -> ipv6 && isIpv6(canary))
                    .findFirst()
                    .ifPresent(all::add);
        }
        return all.build();
    }

    private static boolean isIpv6(CanaryPlan canary) {
        return canary.destination().getAddress().getAddress().length == 16;
    }

    private static Stream<CanaryPlan> candidates(RulePlan plan, int uid, String listener) {
        return plan.captures().stream()
                .filter(capture -> capture.listener().equals(listener))
                .flatMap(capture -> candidates(capture))
                .filter(canary -> takenBy(plan, uid, canary).equals(Optional.of(listener)));
    }

    private static Stream<CanaryPlan> candidates(CaptureRule capture) {
        return switch (capture.match()) {
            case CaptureRule.PreviousHop previous ->
                UNUSED.stream()
                        .map(address -> new CanaryPlan(
                                capture.listener(),
                                new InetSocketAddress(address, ANY_PORT),
                                previous.mark().orElse(0)));
            case CaptureRule.Apps apps ->
                addresses(apps)
                        .map(address ->
                                new CanaryPlan(capture.listener(), new InetSocketAddress(address, port(apps)), 0));
        };
    }

    private static int port(CaptureRule.Apps apps) {
        return apps.ports().isEmpty() ? ANY_PORT : apps.ports().getFirst().lowerEndpoint();
    }

    private static Stream<InetAddress> addresses(CaptureRule.Apps apps) {
        List<InetAddress> all = new ArrayList<>(UNUSED);
        apps.destinations().forEach(network -> all.add(member(network)));
        return all.stream().filter(address -> !address.isAnyLocalAddress() && !address.isMulticastAddress());
    }

    /** The first address of a network is not assigned to a host, so the second is used, if there is one. */
    private static InetAddress member(Cidr network) {
        byte[] bytes = network.network().getAddress();
        return network.prefix() > 8 * bytes.length - 2 ? network.network() : InetAddresses.increment(network.network());
    }

    /**
     * Returns the listener to which the rules deliver the canary: that of the first matching capture. Captures of
     * previous hops come first.
     */
    private static Optional<String> takenBy(RulePlan plan, int uid, CanaryPlan canary) {
        return Stream.concat(
                        plan.captures().stream().filter(c -> c.match() instanceof CaptureRule.PreviousHop),
                        plan.captures().stream().filter(c -> c.match() instanceof CaptureRule.Apps))
                .filter(capture -> takes(capture, uid, canary))
                .map(CaptureRule::listener)
                .findFirst();
    }

    private static boolean takes(CaptureRule capture, int uid, CanaryPlan canary) {
        InetAddress address = canary.destination().getAddress();
        int port = canary.destination().getPort();
        return switch (capture.match()) {
            case CaptureRule.PreviousHop previous ->
                (previous.uid().isEmpty() || previous.uid().getAsInt() == uid)
                        && (previous.mark().isEmpty() || previous.mark().getAsInt() == canary.mark());
            case CaptureRule.Apps apps ->
                contains(apps.destinations(), address, true)
                        && !contains(apps.except().destinations(), address, false)
                        && (apps.ports().isEmpty()
                                || apps.ports().stream().anyMatch((Range<Integer> range) -> range.contains(port)))
                        && (apps.uids().isEmpty() || apps.uids().contains(uid))
                        && !apps.except().uids().contains(uid)
                        // The match of these exceptions can't be determined here.
                        && apps.except().devices().isEmpty()
                        && apps.except().cgroups().isEmpty()
                        && apps.except().marks().stream()
                                .noneMatch(mark -> (canary.mark() & mark.mask()) == mark.value());
        };
    }

    private static boolean contains(List<Cidr> networks, InetAddress address, boolean otherwise) {
        return networks.isEmpty() ? otherwise : networks.stream().anyMatch(network -> network.contains(address));
    }
}

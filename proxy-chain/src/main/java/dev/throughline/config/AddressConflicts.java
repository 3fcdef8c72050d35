package dev.throughline.config;

import com.google.common.net.InetAddresses;
import dev.throughline.header.Tuple;
import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The addresses and files that a hop takes for itself. Each can have one use: two would be found out when the hop starts. */
final class AddressConflicts {
    private final Map<InetSocketAddress, String> addresses = new LinkedHashMap<>();
    private final Set<Integer> intercepted = new HashSet<>();
    private final Map<Path, String> files = new LinkedHashMap<>();

    /** Returns who already uses an address, if {@code use} would be a second use. */
    Optional<String> listen(InetSocketAddress address, String use) {
        Optional<String> problem = addresses.entrySet().stream()
                .filter(other -> areOne(other.getKey(), address))
                .findFirst()
                .map(other -> other.getValue() + " listens at " + Tuple.text(other.getKey()) + " already");
        addresses.putIfAbsent(address, use);
        return problem;
    }

    /**
     * The same for both loopback addresses, where an intercepting listener is. Two of these with one port are a problem of
     * their rules, which say so.
     */
    Optional<String> intercept(int port, String use) {
        if (!intercepted.add(port)) {
            return Optional.empty();
        }
        Optional<String> ipv4 = listen(new InetSocketAddress(InetAddresses.forString("127.0.0.1"), port), use);
        Optional<String> ipv6 = listen(new InetSocketAddress(InetAddresses.forString("::1"), port), use);
        return ipv4.or(() -> ipv6);
    }

    /** Returns what a file is already used for, if {@code use} would be a second use. */
    Optional<String> take(Path file, String use) {
        String other = files.putIfAbsent(file, use);
        return Optional.ofNullable(other).map(taken -> file + " is " + taken + " already");
    }

    /** Whether the second one can't be bound beside the first (bind(2)): :: takes IPv4 as well. */
    private static boolean areOne(InetSocketAddress one, InetSocketAddress other) {
        return one.getPort() == other.getPort()
                && (one.getAddress().equals(other.getAddress()) || covers(one, other) || covers(other, one));
    }

    private static boolean covers(InetSocketAddress any, InetSocketAddress other) {
        return any.getAddress().isAnyLocalAddress()
                && (!(any.getAddress() instanceof Inet4Address) || other.getAddress() instanceof Inet4Address);
    }
}

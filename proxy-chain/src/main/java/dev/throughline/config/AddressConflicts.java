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

/** The addresses and files that a hop uses exclusively. A second use of one would fail when the hop starts. */
final class AddressConflicts {
    private final Map<InetSocketAddress, String> addresses = new LinkedHashMap<>();
    private final Set<Integer> intercepted = new HashSet<>();
    private final Map<Path, String> files = new LinkedHashMap<>();

    /** Registers the use of an address, or returns the conflict with an earlier use. */
    Optional<String> listen(InetSocketAddress address, String use) {
        Optional<String> problem = addresses.entrySet().stream()
                .filter(other -> conflict(other.getKey(), address))
                .findFirst()
                .map(other -> other.getValue() + " listens at " + Tuple.text(other.getKey()) + " already");
        addresses.putIfAbsent(address, use);
        return problem;
    }

    /**
     * Registers both loopback addresses for an intercepting listener. Two intercepting listeners with the same port are
     * reported by the check of the rules instead.
     */
    Optional<String> intercept(int port, String use) {
        if (!intercepted.add(port)) {
            return Optional.empty();
        }
        Optional<String> ipv4 = listen(new InetSocketAddress(InetAddresses.forString("127.0.0.1"), port), use);
        Optional<String> ipv6 = listen(new InetSocketAddress(InetAddresses.forString("::1"), port), use);
        return ipv4.or(() -> ipv6);
    }

    /** Registers the use of a file, or returns the conflict with an earlier use. */
    Optional<String> take(Path file, String use) {
        String other = files.putIfAbsent(file, use);
        return Optional.ofNullable(other).map(taken -> file + " is " + taken + " already");
    }

    /** Returns whether the second address can't be bound beside the first (bind(2)); :: covers IPv4 as well. */
    private static boolean conflict(InetSocketAddress one, InetSocketAddress other) {
        return one.getPort() == other.getPort()
                && (one.getAddress().equals(other.getAddress()) || covers(one, other) || covers(other, one));
    }

    private static boolean covers(InetSocketAddress any, InetSocketAddress other) {
        return any.getAddress().isAnyLocalAddress()
                && (!(any.getAddress() instanceof Inet4Address) || other.getAddress() instanceof Inet4Address);
    }
}

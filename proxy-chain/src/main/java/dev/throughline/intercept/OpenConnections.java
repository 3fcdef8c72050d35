package dev.throughline.intercept;

import com.google.common.base.Splitter;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.Range;
import com.google.common.net.InetAddresses;
import dev.throughline.header.Tuple;
import dev.throughline.intercept.CaptureRule.Apps;
import dev.throughline.originator.InterceptionMethod;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The TCP connections of a host that a plan would capture if they were new. They were open before the rules, and bypass
 * the hop until they close. Read from {@code /proc/net/tcp} and {@code tcp6} (proc(5)).
 */
final class OpenConnections {
    private static final String ESTABLISHED = "01";
    private static final int LOCAL = 1;
    private static final int REMOTE = 2;
    private static final int STATE = 3;

    private static final Pattern ELEMENT = Pattern.compile("([0-9a-f.:]+) \\. (\\d+) \\. ([0-9a-f.:]+) \\. (\\d+)");

    private OpenConnections() {}

    private record Row(InetSocketAddress local, InetSocketAddress remote, boolean established) {}

    /**
     * Returns the connections that bypass the hop of {@code plan}, as seen from this host.
     *
     * @param sockets the lines of /proc/net/tcp and /proc/net/tcp6
     */
    static ImmutableList<Tuple> passing(RulePlan plan, List<String> sockets) {
        List<Row> rows = sockets.stream()
                .map(String::strip)
                .filter(line -> line.matches("\\d+: .*"))
                .map(OpenConnections::row)
                .toList();
        Set<List<InetSocketAddress>> ends = new HashSet<>();
        rows.forEach(row -> ends.add(List.of(row.local(), row.remote())));
        return rows.stream()
                .filter(Row::established)
                .filter(row -> plan.captures().stream()
                        .anyMatch(capture -> capture.match() instanceof Apps apps && matches(apps, row.remote())))
                .filter(row -> !isCaptured(plan, row, ends))
                .map(row -> Tuple.tcp(row.local(), row.remote()))
                .collect(ImmutableList.toImmutableList());
    }

    /** The user is ignored, because packets of a closed socket have none. */
    private static boolean matches(Apps apps, InetSocketAddress remote) {
        return (apps.ports().isEmpty() || apps.ports().stream().anyMatch(range -> isIn(range, remote.getPort())))
                && (apps.destinations().isEmpty()
                        || apps.destinations().stream().anyMatch(network -> network.contains(remote.getAddress())));
    }

    private static boolean isIn(Range<Integer> range, int port) {
        return range.contains(port);
    }

    /**
     * Returns whether a connection is captured. The peer socket of a connection that TPROXY captured is on this host,
     * at the original destination. The same is true for a connection to a server of this host, which can't be
     * distinguished and counts as captured. The peer socket of a redirected connection is at a listener's port.
     */
    private static boolean isCaptured(RulePlan plan, Row row, Set<List<InetSocketAddress>> ends) {
        return ends.contains(List.of(row.remote(), row.local()))
                || plan.captures().stream()
                        .filter(capture -> capture.method() == InterceptionMethod.REDIRECT)
                        .flatMap(capture -> Stream.of("127.0.0.1", "::1")
                                .map(address ->
                                        new InetSocketAddress(InetAddresses.forString(address), capture.port())))
                        .anyMatch(listener -> ends.contains(List.of(listener, row.local())));
    }

    /** Returns the elements of a set in nft's listing. */
    static ImmutableList<Tuple> elements(String listing) {
        ImmutableList.Builder<Tuple> tuples = ImmutableList.builder();
        Matcher element = ELEMENT.matcher(listing);
        while (element.find()) {
            tuples.add(Tuple.tcp(
                    endpoint(element.group(1), element.group(2)), endpoint(element.group(3), element.group(4))));
        }
        return tuples.build();
    }

    private static InetSocketAddress endpoint(String address, String port) {
        return new InetSocketAddress(InetAddresses.forString(address), Integer.parseInt(port));
    }

    private static Row row(String line) {
        List<String> words = Splitter.on(' ').omitEmptyStrings().trimResults().splitToList(line);
        return new Row(
                endpoint(words.get(LOCAL)),
                endpoint(words.get(REMOTE)),
                words.get(STATE).equals(ESTABLISHED));
    }

    /**
     * Parses an address: 32-bit words, each a number in host byte order; the port is in network order. The IPv4-mapped
     * address of a dual-stack socket, ::ffff:a.b.c.d, is an IPv4 address in packets.
     */
    private static InetSocketAddress endpoint(String text) {
        int colon = text.indexOf(':');
        byte[] address = new byte[colon / 2];
        for (int word = 0; word < address.length; word += 4) {
            ByteBuffer.wrap(address)
                    .order(ByteOrder.nativeOrder())
                    .putInt(word, Integer.parseUnsignedInt(text, 2 * word, 2 * word + 8, 16));
        }
        try {
            // Converts ::ffff:a.b.c.d to the IPv4 address.
            return new InetSocketAddress(
                    InetAddress.getByAddress(address), Integer.parseInt(text, colon + 1, text.length(), 16));
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("not an address of /proc/net/tcp: " + text, e);
        }
    }
}

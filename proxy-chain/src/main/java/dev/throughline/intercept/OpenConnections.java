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
 * The TCP connections of a host that a plan would capture if they were new: they were open before the rules, and pass by the
 * hop as long as they last. Read from {@code /proc/net/tcp} and {@code tcp6} (proc(5)).
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
     * Connections that pass by the hop of {@code plan}, from this host's end.
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

    /** Whatever the user, which a packet may not tell any more. */
    private static boolean matches(Apps apps, InetSocketAddress remote) {
        return (apps.ports().isEmpty() || apps.ports().stream().anyMatch(range -> isIn(range, remote.getPort())))
                && (apps.destinations().isEmpty()
                        || apps.destinations().stream().anyMatch(network -> network.contains(remote.getAddress())));
    }

    private static boolean isIn(Range<Integer> range, int port) {
        return range.contains(port);
    }

    /**
     * A connection that TPROXY captured has its other end on this host, at its original destination, and so has one to a
     * server of this host: that one isn't known from the other and counts as captured. One that was redirected has it at a
     * listener's port.
     */
    private static boolean isCaptured(RulePlan plan, Row row, Set<List<InetSocketAddress>> ends) {
        return ends.contains(List.of(row.remote(), row.local()))
                || plan.captures().stream()
                        .filter(capture -> capture.way() == InterceptionMethod.REDIRECT)
                        .flatMap(capture -> Stream.of("127.0.0.1", "::1")
                                .map(address ->
                                        new InetSocketAddress(InetAddresses.forString(address), capture.port())))
                        .anyMatch(listener -> ends.contains(List.of(listener, row.local())));
    }

    /** The elements of a set that nft lists. */
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
     * An address is written in words of 32 bits, each as a number in the byte order of the machine, the port in network order.
     * A dual-stack socket's IPv4 address, ::ffff:a.b.c.d, is that IPv4 address in packets.
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
            // Turns ::ffff:a.b.c.d into the IPv4 address.
            return new InetSocketAddress(
                    InetAddress.getByAddress(address), Integer.parseInt(text, colon + 1, text.length(), 16));
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("not an address of /proc/net/tcp: " + text, e);
        }
    }
}

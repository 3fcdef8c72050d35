package dev.throughline.platform.linux;

import com.google.common.base.CharMatcher;
import com.google.common.base.Splitter;
import com.google.common.collect.Iterables;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * The source ports of this network namespace for connections to one address and port (ip(7)).
 *
 * @param count size of net.ipv4.ip_local_port_range without net.ipv4.ip_local_reserved_ports
 * @param kept how long the side that closes first keeps its port after a connection (TIME_WAIT), unless both sides are
 *     on this host
 */
public record SourcePorts(int count, Duration kept) {
    /** TCP_TIMEWAIT_LEN (net/tcp.h). */
    private static final Duration TIME_WAIT = Duration.ofSeconds(60);
    /**
     * With net.ipv4.tcp_tw_reuse=1, or on one host, a port is reused after this time, since timestamps distinguish the
     * two connections.
     */
    private static final Duration REUSED_AFTER = Duration.ofSeconds(1);

    private static final Path SYSCTLS = Path.of("/proc/sys/net/ipv4");

    /** Reads the settings of this process's network namespace. */
    public static SourcePorts read() throws IOException {
        return of(value("ip_local_port_range"), value("ip_local_reserved_ports"), value("tcp_tw_reuse"));
    }

    static SourcePorts of(String range, String reserved, String reuse) throws IOException {
        try {
            List<String> ends =
                    Splitter.on(CharMatcher.whitespace()).omitEmptyStrings().splitToList(range);
            int first = Integer.parseInt(ends.get(0));
            int last = Integer.parseInt(ends.get(1));
            int count = last - first + 1;
            for (String part : Splitter.on(',').trimResults().omitEmptyStrings().split(reserved)) {
                List<String> bounds = Splitter.on('-').splitToList(part);
                int from = Math.max(first, Integer.parseInt(bounds.getFirst()));
                int to = Math.min(last, Integer.parseInt(Iterables.getLast(bounds)));
                count -= Math.max(0, to - from + 1);
            }
            return new SourcePorts(count, reuse.strip().equals("1") ? REUSED_AFTER : TIME_WAIT);
        } catch (NumberFormatException | IndexOutOfBoundsException e) {
            throw new IOException("can't read the range of source ports: " + range.strip(), e);
        }
    }

    private static String value(String name) throws IOException {
        Path file = SYSCTLS.resolve(name);
        return Files.notExists(file) ? "" : Sysctl.read(file);
    }

    /** Returns the maximum rate of short connections to one address, per second. */
    public long perSecond() {
        return count / kept.toSeconds();
    }
}

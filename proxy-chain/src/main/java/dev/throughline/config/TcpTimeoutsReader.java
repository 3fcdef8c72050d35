package dev.throughline.config;

import dev.throughline.engine.TcpTimeouts;
import java.time.Duration;
import java.util.List;

/** The reader of {@code keepalive} and {@code user-timeout} in {@code limits} and in a route. */
final class TcpTimeoutsReader {
    /** The keys in the parent mapping. */
    static final List<String> KEYS = List.of("keepalive", "user-timeout");

    /** Linux's maximum for TCP_KEEPIDLE and TCP_KEEPINTVL (MAX_TCP_KEEPIDLE, net/tcp.h). */
    private static final Duration LONGEST = Duration.ofSeconds(32_767);

    /** Linux's maximum for TCP_KEEPCNT (MAX_TCP_KEEPCNT, net/tcp.h). */
    private static final int MOST_PROBES = 127;

    private TcpTimeoutsReader() {}

    /** Returns the values in {@code parent}, with defaults from {@code otherwise}. */
    static TcpTimeouts read(Section parent, TcpTimeouts otherwise) {
        try (Section keepalive = parent.section("keepalive")) {
            return new TcpTimeouts(
                    keepalive.optional("time", text -> seconds(text, Duration.ZERO), otherwise.keepaliveTime()),
                    keepalive.optional(
                            "interval", text -> seconds(text, Duration.ofSeconds(1)), otherwise.keepaliveInterval()),
                    keepalive.optional(
                            "probes", text -> Values.integer(text, 1, MOST_PROBES), otherwise.keepaliveProbes()),
                    parent.optional("user-timeout", TcpTimeoutsReader::userTimeout, otherwise.userTimeout()));
        }
    }

    private static Duration seconds(String text, Duration least) {
        Duration duration = Values.duration(text, least, LONGEST);
        if (!duration.equals(Duration.ofSeconds(duration.toSeconds()))) {
            throw new IllegalArgumentException("expected whole seconds, found \"" + text + "\"");
        }
        return duration;
    }

    /** Parses 0 or a time that is long enough for a round trip and a retransmission. */
    private static Duration userTimeout(String text) {
        Duration duration = Values.duration(text, Duration.ZERO, Duration.ofDays(1));
        if (!duration.isZero() && duration.compareTo(Duration.ofSeconds(1)) < 0) {
            throw new IllegalArgumentException(
                    "expected 0s, for the kernel's own rule, or at least 1s, found \"" + text + "\"");
        }
        return duration;
    }
}

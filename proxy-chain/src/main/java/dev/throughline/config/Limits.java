package dev.throughline.config;

import dev.throughline.chain.VerifierSettings;
import dev.throughline.engine.TcpTimeouts;
import java.time.Duration;
import java.util.OptionalInt;

/**
 * The limits of a hop's time and memory.
 *
 * @param flows maximum number of open flows; each uses two descriptors
 * @param eventLoops number of event loops; empty for one for each processor
 * @param halfOpenHeaders maximum number of connections of one peer with an incomplete header
 * @param halfOpenHeadersTotal the same maximum for all peers together
 * @param headerFailures number of failed headers of one peer in the window after which its connections are refused for
 *     a time
 * @param headerFailuresWindow the period for {@code headerFailures}
 * @param rememberedChains maximum number of unexpired chains in the replay store
 * @param connectNotes maximum number of sockets for which the kernel records the caller of connect(2); 0 disables it
 * @param connectTimeout until a connection to the next hop or the destination is open
 * @param headerTimeout until the header of the previous hop is complete
 * @param idleTimeout time without a byte in either direction
 * @param halfClosedTimeout time without a byte in either direction after one side has finished
 * @param tcp timeouts for connections whose peer has vanished; a route can override them for upstream connections
 * @param drain how long open flows may continue after SIGTERM
 * @param signingPace under load, the interval of signatures; one signature serves all waiting flows that can share it
 * @param ttl validity of a link that this hop signs
 * @param skew tolerated difference between the clocks of two hops
 * @param hops maximum number of links in a chain
 */
public record Limits(
        int flows,
        OptionalInt eventLoops,
        int halfOpenHeaders,
        int halfOpenHeadersTotal,
        int headerFailures,
        Duration headerFailuresWindow,
        int rememberedChains,
        int connectNotes,
        Duration connectTimeout,
        Duration headerTimeout,
        Duration idleTimeout,
        Duration halfClosedTimeout,
        TcpTimeouts tcp,
        Duration drain,
        Duration signingPace,
        Duration ttl,
        Duration skew,
        int hops) {

    public static final Limits DEFAULTS = new Limits(
            8_000,
            OptionalInt.empty(),
            1_000,
            4_000,
            100,
            Duration.ofSeconds(10),
            500_000,
            131_072,
            Duration.ofSeconds(5),
            Duration.ofSeconds(5),
            Duration.ofHours(1),
            Duration.ofMinutes(5),
            TcpTimeouts.DEFAULTS,
            Duration.ofSeconds(30),
            Duration.ofMillis(1),
            VerifierSettings.DEFAULT_TTL,
            VerifierSettings.DEFAULT_SKEW,
            VerifierSettings.DEFAULT_MAX_HOPS);
}

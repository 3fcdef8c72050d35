package dev.throughline.config;

import dev.throughline.chain.VerifierSettings;
import dev.throughline.relay.TcpTimeouts;
import java.time.Duration;

/**
 * What bounds a hop's time and memory.
 *
 * @param flows how many flows may be open at once; each takes two descriptors
 * @param halfOpenHeaders how many connections of one peer may be waiting for the rest of their header
 * @param halfOpenHeadersTotal how many of all peers
 * @param headerFailures how many headers of one peer may fail in the window; then none of that peer is read for a time
 * @param headerFailuresWindow the period for {@code headerFailures}
 * @param rememberedChains how many unexpired chains are remembered against replay
 * @param connectNotes of how many sockets the kernel notes who used them for connect(2); 0 if it isn't to
 * @param connectTimeout until a connection to the next hop or the destination is open
 * @param headerTimeout until the whole header of the previous hop is there
 * @param idleTimeout without a byte either way
 * @param halfClosedTimeout without a byte either way, once a side has finished
 * @param tcp when a connection whose other end has vanished is given up; of connections onwards, unless their route says otherwise
 * @param drain how long open flows may continue after SIGTERM
 * @param signingPace under load one signature is made in this time, for all flows that wait and can share it
 * @param ttl for how long a link that this hop signs may be presented
 * @param skew by how much the clocks of two hops may differ
 * @param hops how many links a chain may have
 */
public record Limits(
        int flows,
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
            Duration.ofNanos(500_000),
            VerifierSettings.DEFAULT_TTL,
            VerifierSettings.DEFAULT_SKEW,
            VerifierSettings.DEFAULT_MAX_HOPS);
}

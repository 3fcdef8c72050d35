package dev.throughline.config;

import com.google.common.collect.ImmutableSet;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Admin interface, metrics and pid file.
 *
 * @param socket path of the Unix socket of the admin interface
 * @param uids users that may use it beside root and the hop's own user
 * @param pidFile where the hop writes its pid and start time
 * @param metrics TCP address that serves metrics and health checks, if any
 * @param metricsHosts host names accepted in requests to that address, beside "localhost" and the hop's host
 */
public record AdminConfig(
        Path socket,
        ImmutableSet<Integer> uids,
        Path pidFile,
        Optional<InetSocketAddress> metrics,
        ImmutableSet<String> metricsHosts) {}

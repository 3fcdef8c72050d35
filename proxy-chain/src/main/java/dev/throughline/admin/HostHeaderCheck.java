package dev.throughline.admin;

import com.google.common.collect.ImmutableSet;
import com.google.common.net.HostAndPort;
import com.google.common.net.InetAddresses;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import java.util.Locale;
import java.util.Optional;

/**
 * A filter that refuses requests that a browser sends for a page of another site. The domain of that page can resolve
 * to this host (DNS rebinding); then the Host header has that domain. Cross-site requests have an Origin header (RFC
 * 6454).
 *
 * @param names accepted host names, in lower case
 */
record HostHeaderCheck(ImmutableSet<String> names) {
    /** Returns why a request with these headers is refused; empty if it is accepted. */
    Optional<String> objection(HttpHeaders headers) {
        if (headers.contains(HttpHeaderNames.ORIGIN)) {
            return Optional.of("cross-site requests are refused");
        }
        String host = headers.get(HttpHeaderNames.HOST);
        return host == null || isKnown(host)
                ? Optional.empty()
                : Optional.of("unknown host name: use an address, or add the name to admin.metrics-hosts");
    }

    private boolean isKnown(String text) {
        try {
            String host = HostAndPort.fromString(text).getHost().toLowerCase(Locale.ROOT);
            return InetAddresses.isInetAddress(host) || host.equals("localhost") || names.contains(host);
        } catch (IllegalArgumentException noHost) {
            return false;
        }
    }
}

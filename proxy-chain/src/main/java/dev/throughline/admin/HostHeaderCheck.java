package dev.throughline.admin;

import com.google.common.collect.ImmutableSet;
import com.google.common.net.HostAndPort;
import com.google.common.net.InetAddresses;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import java.util.Locale;
import java.util.Optional;

/**
 * Refuses requests that a browser sends for another site's page. The page's own domain name can resolve to this host (DNS rebinding);
 * Host then has that name. Cross-site requests have an Origin header (RFC 6454).
 *
 * @param names by which this host is asked, in small letters
 */
record HostHeaderCheck(ImmutableSet<String> names) {
    /** Returns why a request with these headers is refused; empty if it isn't. */
    Optional<String> objection(HttpHeaders headers) {
        if (headers.contains(HttpHeaderNames.ORIGIN)) {
            return Optional.of("requests of other sites are refused");
        }
        String host = headers.get(HttpHeaderNames.HOST);
        return host == null || isKnown(host)
                ? Optional.empty()
                : Optional.of("asked for another host: use an address, or add the name to admin.metrics-hosts");
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

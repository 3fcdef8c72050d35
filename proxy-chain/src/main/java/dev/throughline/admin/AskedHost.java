package dev.throughline.admin;

import com.google.common.collect.ImmutableSet;
import com.google.common.net.HostAndPort;
import com.google.common.net.InetAddresses;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import java.util.Locale;
import java.util.Optional;

/**
 * Refuses requests that a browser makes for a page of somebody else. Such a page can name this host by a name of its own (DNS
 * rebinding), which is then in Host; and a request across sites has an Origin (RFC 6454).
 *
 * @param names by which this host is asked, in small letters
 */
record AskedHost(ImmutableSet<String> names) {
    /** Why a request with these headers is refused, if it is. */
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

package dev.throughline.originator;

import java.util.Optional;

/** How a flow came into a hop, or how it left; the code is what travels. Codes once given are never given again. */
public enum Way {
    SOCKET(1, "socket"),
    NETWORK_FRAMEWORK(2, "network-framework"),
    REDIRECT(3, "redirect"),
    TPROXY(4, "tproxy"),
    CONNECT_REWRITE(5, "connect-rewrite"),
    PF(6, "pf"),
    APP_PROXY_PROVIDER(7, "app-proxy-provider"),
    UNIX_BRIDGE(8, "unix-bridge"),
    SOCKS_OR_CONNECT(9, "socks-or-connect"),
    INSIDE_TLS(10, "inside-tls"),
    /** An unsigned PROXY header from a proxy that the hop was told to believe: its peer is that proxy, not the source. */
    PROXY_HEADER(11, "proxy-header");

    private final int code;
    private final String text;

    Way(int code, String text) {
        this.code = code;
        this.text = text;
    }

    public int code() {
        return code;
    }

    public static Optional<Way> ofCode(int code) {
        for (Way way : values()) {
            if (way.code == code) {
                return Optional.of(way);
            }
        }
        return Optional.empty();
    }

    @Override
    public String toString() {
        return text;
    }
}

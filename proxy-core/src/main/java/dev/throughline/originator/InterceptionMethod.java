package dev.throughline.originator;

import java.util.Optional;

/** How a flow came into a hop, or how it left; the code is what travels. Codes once given are never given again. */
public enum InterceptionMethod {
    /** A plain connection. */
    SOCKET(1, "socket"),
    /** Network.framework (macOS). */
    NETWORK_FRAMEWORK(2, "network-framework"),
    /** nftables REDIRECT. */
    REDIRECT(3, "redirect"),
    /** nftables TPROXY. */
    TPROXY(4, "tproxy"),
    /** connect(2), rewritten. */
    CONNECT_REWRITE(5, "connect-rewrite"),
    /** The packet filter (BSD, macOS). */
    PF(6, "pf"),
    /** A network extension's app proxy (macOS). */
    APP_PROXY_PROVIDER(7, "app-proxy-provider"),
    /** A Unix socket. */
    UNIX_BRIDGE(8, "unix-bridge"),
    /** SOCKS or HTTP CONNECT. */
    SOCKS_OR_CONNECT(9, "socks-or-connect"),
    /** Inside TLS. */
    INSIDE_TLS(10, "inside-tls"),
    /** An unsigned PROXY header from a proxy that the hop was told to believe: its peer is that proxy, not the source. */
    PROXY_HEADER(11, "proxy-header");

    private final int code;
    private final String text;

    InterceptionMethod(int code, String text) {
        this.code = code;
        this.text = text;
    }

    /** {@return the code that travels (SPEC, section 6)} */
    public int code() {
        return code;
    }

    /**
     * The way with this code.
     *
     * @param code as it travelled
     * @return empty for a code that isn't known to this version, which must be refused
     */
    public static Optional<InterceptionMethod> ofCode(int code) {
        return EnumCodes.find(values(), InterceptionMethod::code, code);
    }

    @Override
    public String toString() {
        return text;
    }
}

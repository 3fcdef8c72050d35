package dev.throughline.originator;

import java.util.Optional;

/** The way in which a flow reached a hop or left it, with its code on the wire. Codes are never reassigned. */
public enum InterceptionMethod {
    /** A plain connection. */
    SOCKET(1, "socket"),
    /** Network.framework (macOS). */
    NETWORK_FRAMEWORK(2, "network-framework"),
    /** nftables REDIRECT. */
    REDIRECT(3, "redirect"),
    /** nftables TPROXY. */
    TPROXY(4, "tproxy"),
    /** Rewritten connect(2). */
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
    /** An unsigned PROXY header from a trusted proxy: the peer is the proxy, not the source. */
    PROXY_HEADER(11, "proxy-header");

    /** A call of values() would make a copy. */
    private static final InterceptionMethod[] ALL = values();

    private final int code;
    private final String text;

    InterceptionMethod(int code, String text) {
        this.code = code;
        this.text = text;
    }

    /** {@return the code on the wire (SPEC, section 6)} */
    public int code() {
        return code;
    }

    /**
     * Returns the method with a code.
     *
     * @param code the code on the wire
     * @return empty for an unknown code, which must be rejected
     */
    public static Optional<InterceptionMethod> ofCode(int code) {
        return EnumCodes.find(ALL, InterceptionMethod::code, code);
    }

    @Override
    public String toString() {
        return text;
    }
}

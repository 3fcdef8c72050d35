package dev.throughline.intercept;

import java.util.Locale;

/** What interception consists of, as metrics and messages name it. */
public enum InterceptionPart {
    /** The nft table. */
    RULES,
    /** The policy rules and routes that bring diverted packets back to this host. */
    ROUTES,
    /** The listening sockets. */
    LISTENER,
    /** The hop's own connections through all of it. */
    CANARY;

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}

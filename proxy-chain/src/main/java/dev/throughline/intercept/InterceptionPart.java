package dev.throughline.intercept;

import java.util.Locale;

/** The parts of interception, with their names in metrics and messages. */
public enum InterceptionPart {
    /** The nft table. */
    RULES,
    /** The policy rules and routes for diverted packets. */
    ROUTES,
    /** The listening sockets. */
    LISTENER,
    /** The test connections through all other parts. */
    CANARY;

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}

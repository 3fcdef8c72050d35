package dev.throughline.originator;

import dev.throughline.header.Bytes;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The audit identity of a process: its login user, which stays the same when the process changes its user (su, sudo).
 *
 * @param user the login user (Linux: /proc/PID/loginuid; macOS: auid), 0 to 4,294,967,294; empty for a process outside a login
 * @param session the login session (Linux: /proc/PID/sessionid; macOS: asid), 0 to 4,294,967,294
 * @param token macOS: the whole audit token (32 bytes: eight numbers of 32 bits in network order)
 */
public record Audit(OptionalLong user, OptionalLong session, Optional<Bytes> token) {
    /** An unknown audit identity. */
    public static final Audit UNKNOWN = new Audit(OptionalLong.empty(), OptionalLong.empty(), Optional.empty());

    /** Checks ids and token. */
    public Audit {
        Sizes.checkId(user, "audit user");
        Sizes.checkId(session, "audit session");
        Sizes.check(token, 32, "audit token");
    }

    /** Written out: the generated one is slow without the optimizing compiler, and this runs for each flow. */
    @Override
    public boolean equals(Object other) {
        return other instanceof Audit that
                && user.equals(that.user)
                && session.equals(that.session)
                && token.equals(that.token);
    }

    /** Written out: the generated one is slow without the optimizing compiler, and this runs for each flow. */
    @Override
    public int hashCode() {
        return Objects.hash(user, session, token);
    }
}

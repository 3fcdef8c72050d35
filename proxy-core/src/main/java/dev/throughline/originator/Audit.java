package dev.throughline.originator;

import dev.throughline.header.Bytes;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What the system's audit knows of a process: who logged in, which stays the same when that user becomes another one.
 *
 * @param user who logged in (Linux: /proc/PID/loginuid; macOS: auid), 0 to 4,294,967,294; absent for what no login started
 * @param session in which (Linux: /proc/PID/sessionid; macOS: asid), 0 to 4,294,967,294
 * @param token macOS: the whole audit token (32 bytes: eight numbers of 32 bits in network order)
 */
public record Audit(OptionalLong user, OptionalLong session, Optional<Bytes> token) {
    /** Nothing is known. */
    public static final Audit UNKNOWN = new Audit(OptionalLong.empty(), OptionalLong.empty(), Optional.empty());

    /** Checks the size of each. */
    public Audit {
        Sizes.checkId(user, "audit user");
        Sizes.checkId(session, "audit session");
        Sizes.check(token, 32, "audit token");
    }
}

package dev.throughline.originator;

/**
 * The user and group that a process had when the flow was opened, as unsigned 32-bit ids.
 *
 * @param uid the real user
 * @param effectiveUid the user whose rights it used
 * @param gid the real group
 */
public record Credentials(int uid, int effectiveUid, int gid) {
    public long unsignedUid() {
        return Integer.toUnsignedLong(uid);
    }

    public long unsignedEffectiveUid() {
        return Integer.toUnsignedLong(effectiveUid);
    }

    public long unsignedGid() {
        return Integer.toUnsignedLong(gid);
    }
}

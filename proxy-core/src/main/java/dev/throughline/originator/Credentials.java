package dev.throughline.originator;

/**
 * The user and group that a process had when the flow was opened, as unsigned 32-bit ids.
 *
 * @param uid the real user; with {@link Evidence#UID_ONLY} and {@link Evidence#SHARED} the socket's owner
 * @param effectiveUid the effective user, or {@link #NOT_KNOWN}
 * @param gid the real group, or {@link #NOT_KNOWN}
 */
public record Credentials(int uid, int effectiveUid, int gid) {
    /** All bits set: the one id that is never assigned to a user or group (chown(2)). */
    public static final int NOT_KNOWN = -1;

    /**
     * Returns credentials with an unknown effective user and group.
     *
     * @param uid the user
     * @return the user, and {@link #NOT_KNOWN} for the rest
     */
    public static Credentials ofUser(int uid) {
        return new Credentials(uid, NOT_KNOWN, NOT_KNOWN);
    }

    /** {@return the real user, 0 to 4,294,967,295} */
    public long unsignedUid() {
        return Integer.toUnsignedLong(uid);
    }

    /** {@return the effective user, 0 to 4,294,967,295} */
    public long unsignedEffectiveUid() {
        return Integer.toUnsignedLong(effectiveUid);
    }

    /** {@return the real group, 0 to 4,294,967,295} */
    public long unsignedGid() {
        return Integer.toUnsignedLong(gid);
    }

    /** Written out: the generated one is slow without the optimizing compiler, and this runs for each flow. */
    @Override
    public boolean equals(Object other) {
        return other instanceof Credentials that
                && uid == that.uid
                && effectiveUid == that.effectiveUid
                && gid == that.gid;
    }

    /** Written out: the generated one is slow without the optimizing compiler, and this runs for each flow. */
    @Override
    public int hashCode() {
        return 31 * (31 * uid + effectiveUid) + gid;
    }
}

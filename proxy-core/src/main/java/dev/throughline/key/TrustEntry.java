package dev.throughline.key;

import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * A trusted key with its rights.
 *
 * @param key the key; only the hop of its name may sign with it
 * @param originHosts names of the hosts for which it may sign the first link, which names the originator; empty for none
 * @param anyHost whether it may be the origin for every host
 * @param hop whether it may sign links after the first
 * @param from when it is accepted first; empty for always
 * @param until when it is no longer accepted; empty for never
 * @param revoked the reason of its revocation, which may be an empty text; empty if it isn't revoked
 */
public record TrustEntry(
        PublicKey key,
        Set<String> originHosts,
        boolean anyHost,
        boolean hop,
        Optional<Instant> from,
        Optional<Instant> until,
        Optional<String> revoked) {

    /** Copies the hosts and keeps their order, which {@link #toText} writes. */
    public TrustEntry {
        originHosts = Collections.unmodifiableSet(new LinkedHashSet<>(originHosts));
    }

    /** The state of an entry at a time. */
    public enum State {
        /** The key has its rights. */
        TRUSTED,
        /** The time is before {@code from}. */
        NOT_YET_VALID,
        /** The time is {@code until} or later. */
        EXPIRED,
        /** The key is never accepted again. */
        REVOKED;

        /** Returns the form that commands use, such as {@code not-yet-valid}. */
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    /**
     * Creates an entry that isn't revoked.
     *
     * @param key the key; only the hop of its name may sign with it
     * @param originHosts names of the hosts for which it may be the origin
     * @param anyHost whether it may be the origin for every host
     * @param hop whether it may sign links after the first
     * @param from when it is accepted first; empty for always
     * @param until when it is no longer accepted; empty for never
     */
    public TrustEntry(
            PublicKey key,
            Set<String> originHosts,
            boolean anyHost,
            boolean hop,
            Optional<Instant> from,
            Optional<Instant> until) {
        this(key, originHosts, anyHost, hop, from, until, Optional.empty());
    }

    /** {@return whether this key may be the origin of any host} */
    public boolean mayBeOrigin() {
        return anyHost || !originHosts.isEmpty();
    }

    /** Returns whether it has every right of {@code other}, regardless of time. */
    boolean hasAllRightsOf(TrustEntry other) {
        return (hop || !other.hop) && (anyHost || (!other.anyHost && originHosts.containsAll(other.originHosts)));
    }

    /** {@return whether the key is revoked} */
    public boolean isRevoked() {
        return revoked.isPresent();
    }

    /**
     * Returns whether a time is in the key's window, even if the key is revoked.
     *
     * @param now the time
     * @return whether it is not before {@code from}, and before {@code until}
     */
    public boolean isInWindow(Instant now) {
        return (from.isEmpty() || !now.isBefore(from.get())) && (until.isEmpty() || now.isBefore(until.get()));
    }

    /**
     * Returns the state at a time.
     *
     * @param now the time
     * @return its state
     */
    public State state(Instant now) {
        if (isRevoked()) {
            return State.REVOKED;
        }
        if (from.isPresent() && now.isBefore(from.get())) {
            return State.NOT_YET_VALID;
        }
        return isInWindow(now) ? State.TRUSTED : State.EXPIRED;
    }

    /**
     * Returns an entry with the same rights for another key, valid from now on and without an end.
     *
     * @param other the key
     * @return its entry
     */
    public TrustEntry withKey(PublicKey other) {
        return new TrustEntry(other, originHosts, anyHost, hop, Optional.empty(), Optional.empty());
    }

    /**
     * Returns this entry with another window.
     *
     * @param start when it is accepted first; empty for always
     * @param end when it is no longer accepted; empty for never
     * @return the changed entry
     */
    public TrustEntry withWindow(Optional<Instant> start, Optional<Instant> end) {
        return new TrustEntry(key, originHosts, anyHost, hop, start, end, revoked);
    }

    /**
     * Returns this entry revoked. Its rights stay, as a record.
     *
     * @param reason as the operator wrote it; may be empty
     * @return the changed entry
     */
    public TrustEntry withRevocation(String reason) {
        return new TrustEntry(key, originHosts, anyHost, hop, from, until, Optional.of(reason));
    }

    /** {@return the rights as in a trust file: {@code origin=HOST}, {@code hop}, both, or nothing} */
    public String rights() {
        String origin = anyHost ? "origin=*" : mayBeOrigin() ? "origin=" + String.join(",", originHosts) : "";
        return hop ? (origin + " hop").strip() : origin;
    }

    /** {@return one line of a trust file} */
    public String toText() {
        StringBuilder line = new StringBuilder(key.toText());
        if (!rights().isEmpty()) {
            line.append(' ').append(rights());
        }
        from.ifPresent(start -> line.append(" from=").append(start));
        until.ifPresent(end -> line.append(" until=").append(end));
        revoked.ifPresent(why -> line.append(" revoked").append(why.isEmpty() ? "" : " # " + why));
        return line.toString();
    }
}

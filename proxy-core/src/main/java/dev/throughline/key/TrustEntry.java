package dev.throughline.key;

import com.google.common.collect.ImmutableSet;
import dev.throughline.originator.HostId;
import java.time.Instant;
import java.util.Optional;

/**
 * What one key may do.
 *
 * @param key the key; its name is the only hop that may sign with it
 * @param originHosts names of the hosts for which it may be the origin, that is write who opened a flow; empty for none
 * @param anyHost whether it may be the origin for every host
 * @param hop whether it may sign links after the first
 * @param from when it begins to be accepted; empty for always
 * @param until when it ends to be accepted; empty for never
 */
public record TrustEntry(
        PublicKey key,
        ImmutableSet<String> originHosts,
        boolean anyHost,
        boolean hop,
        Optional<Instant> from,
        Optional<Instant> until) {

    /**
     * Whether this key may write the origin of a host's flows.
     *
     * @param host any
     * @return whether it is in scope
     */
    public boolean mayBeOriginFor(HostId host) {
        return anyHost || originHosts.stream().anyMatch(name -> HostId.of(name).equals(host));
    }

    /** {@return whether this key may be the origin of any host at all} */
    public boolean mayBeOrigin() {
        return anyHost || !originHosts.isEmpty();
    }

    /**
     * Whether the key is accepted at a time.
     *
     * @param now the time
     * @return whether it is not before {@code from}, and before {@code until}
     */
    public boolean isInWindow(Instant now) {
        return from.map(start -> !now.isBefore(start)).orElse(true)
                && until.map(end -> now.isBefore(end)).orElse(true);
    }

    /** {@return one line of a trust file} */
    public String toText() {
        StringBuilder line = new StringBuilder(key.toText());
        if (anyHost) {
            line.append(" origin=*");
        } else if (!originHosts.isEmpty()) {
            line.append(" origin=").append(String.join(",", originHosts));
        }
        if (hop) {
            line.append(" hop");
        }
        from.ifPresent(start -> line.append(" from=").append(start));
        until.ifPresent(end -> line.append(" until=").append(end));
        return line.toString();
    }
}

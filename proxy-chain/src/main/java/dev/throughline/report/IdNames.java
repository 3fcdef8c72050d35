package dev.throughline.report;

import dev.throughline.key.Trust;
import dev.throughline.originator.HopId;
import dev.throughline.originator.HostId;
import java.util.Optional;
import java.util.function.Supplier;

/** Names for the ids in headers: from the trust file, this hop's own name, or else the id itself. */
public final class IdNames {
    private final Supplier<Trust> trust;
    private final String ownHop;
    private final String ownHost;

    /** Uses {@code trust}, and the names of this hop and its host, which may be empty. */
    public IdNames(Trust trust, String ownHop, String ownHost) {
        this(() -> trust, ownHop, ownHost);
    }

    /** Uses a trust file that can be reloaded. */
    public IdNames(Supplier<Trust> trust, String ownHop, String ownHost) {
        this.trust = trust;
        this.ownHop = ownHop;
        this.ownHost = ownHost;
    }

    public String of(HopId hop) {
        return find(hop).orElse(hop.toString());
    }

    public String of(HostId host) {
        return find(host).orElse(host.toString());
    }

    /** Returns the name of {@code hop}; empty if none is known. */
    public Optional<String> find(HopId hop) {
        return !ownHop.isEmpty() && HopId.of(ownHop).equals(hop)
                ? Optional.of(ownHop)
                : trust.get().nameOf(hop);
    }

    /** Returns the name of {@code host}; empty if none is known. */
    public Optional<String> find(HostId host) {
        return !ownHost.isEmpty() && HostId.of(ownHost).equals(host)
                ? Optional.of(ownHost)
                : trust.get().nameOf(host);
    }
}

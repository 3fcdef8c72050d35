package dev.throughline.report;

import dev.throughline.key.Trust;
import dev.throughline.key.TrustEntry;
import dev.throughline.originator.HopId;
import dev.throughline.originator.HostId;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/** Names for the ids in headers: from the trust file, this hop's own name, or else the id itself. Thread-safe. */
public final class IdNames {
    private final Supplier<Trust> trust;
    private final String ownHop;
    private final String ownHost;
    private volatile Known known;

    /**
     * The names of one trust file, by the values of ids. An id is a digest of a name, too costly to compute for each flow. A record as a
     * key is slow without the optimizing compiler.
     */
    private record Known(Trust trust, Map<Long, String> hops, Map<Long, String> hosts) {}

    /** Uses {@code trust}, and the names of this hop and its host, which may be empty. */
    public IdNames(Trust trust, String ownHop, String ownHost) {
        this(() -> trust, ownHop, ownHost);
    }

    /** Uses a trust file that can be reloaded. */
    public IdNames(Supplier<Trust> trust, String ownHop, String ownHost) {
        this.trust = trust;
        this.ownHop = ownHop;
        this.ownHost = ownHost;
        this.known = namesOf(Trust.NOBODY);
    }

    private Known namesOf(Trust current) {
        Map<Long, String> hops = new HashMap<>();
        Map<Long, String> hosts = new HashMap<>();
        if (!ownHop.isEmpty()) {
            hops.put(HopId.of(ownHop).value(), ownHop);
        }
        if (!ownHost.isEmpty()) {
            hosts.put(HostId.of(ownHost).value(), ownHost);
        }
        for (TrustEntry entry : current.entries()) {
            hops.putIfAbsent(entry.key().hop().value(), entry.key().hopName());
            entry.originHosts()
                    .forEach(host -> hosts.putIfAbsent(HostId.of(host).value(), host));
        }
        return new Known(current, hops, hosts);
    }

    private Known known() {
        Trust current = trust.get();
        Known latest = known;
        if (!latest.trust().equals(current)) {
            latest = namesOf(current);
            known = latest;
        }
        return latest;
    }

    public String of(HopId hop) {
        String name = known().hops().get(hop.value());
        return name == null ? hop.toString() : name;
    }

    public String of(HostId host) {
        String name = known().hosts().get(host.value());
        return name == null ? host.toString() : name;
    }

    /** Returns the name of {@code hop}; empty if none is known. */
    public Optional<String> find(HopId hop) {
        return Optional.ofNullable(known().hops().get(hop.value()));
    }

    /** Returns the name of {@code host}; empty if none is known. */
    public Optional<String> find(HostId host) {
        return Optional.ofNullable(known().hosts().get(host.value()));
    }
}

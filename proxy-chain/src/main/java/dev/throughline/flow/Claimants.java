package dev.throughline.flow;

import com.google.common.net.InetAddresses;
import dev.throughline.budget.Claimant;
import dev.throughline.originator.Credentials;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.Originator;
import dev.throughline.originator.ProcessIdentity;
import java.util.Optional;

/**
 * Whom a flow counts for: its true originator, at every hop the same, whichever hop's process opened the connection to this
 * one.
 */
final class Claimants {
    private Claimants() {}

    /**
     * The claimant for {@code who}. Of one that comes from another host and is known by its address only, the address (of IPv6 the
     * /64) is the host. All of this host who aren't known are one: it has sixteen million addresses to connect from.
     */
    static Claimant of(Originator who) {
        ProcessIdentity identity = who.identity();
        boolean nameless =
                identity.process().isEmpty() && identity.credentials().isEmpty();
        return new Claimant(
                nameless && identity.evidence() == Evidence.REMOTE
                        ? InetAddresses.toAddrString(
                                Peer.network(who.tuple().source().getAddress()))
                        : who.host().toString(),
                identity.credentials()
                        .map(Credentials::uid)
                        .map(Integer::toUnsignedString)
                        .orElse(Claimant.UNKNOWN),
                identity.code().executable().or(() -> identity.code().command()).orElse(Claimant.UNKNOWN),
                identity.process().map(id -> id.pid() + "@" + id.startTime()).orElse(Claimant.UNKNOWN));
    }

    /** What a flow counts for on the other side. */
    static String destination(Originator who, Optional<String> hostName) {
        return hostName.orElseGet(
                () -> InetAddresses.toAddrString(who.tuple().destination().getAddress()));
    }
}

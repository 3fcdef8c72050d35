package dev.throughline.flow;

import com.google.common.net.InetAddresses;
import dev.throughline.budget.Claimant;
import dev.throughline.originator.Credentials;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.HostId;
import dev.throughline.originator.Originator;
import dev.throughline.originator.ProcessIdentity;
import java.util.Optional;
import java.util.function.LongUnaryOperator;

/**
 * Whom a flow counts for: its true originator, at every hop the same, whichever hop's process opened the connection to this
 * one.
 */
public final class Claimants {
    private final HostId ownHost;
    private final LongUnaryOperator owners;

    /**
     * Claimants as this hop sees them.
     *
     * @param ownHost the host that this hop is on
     * @param owners of this host's user ids, the user who has an id as a subordinate one, or the id itself
     */
    public Claimants(HostId ownHost, LongUnaryOperator owners) {
        this.ownHost = ownHost;
        this.owners = owners;
    }

    /**
     * The claimant for {@code who}. Of one that comes from another host and is known by its address only, the address (of IPv6 the
     * /64) is the host. All of this host who aren't known are one: it has sixteen million addresses to connect from.
     */
    Claimant of(Originator who) {
        ProcessIdentity identity = who.identity();
        boolean nameless =
                identity.process().isEmpty() && identity.credentials().isEmpty();
        return new Claimant(
                nameless && identity.evidence() == Evidence.REMOTE
                        ? InetAddresses.toAddrString(
                                Peer.network(who.tuple().source().getAddress()))
                        : who.host().toString(),
                identity.credentials().map(ids -> user(who, ids)).orElse(Claimant.UNKNOWN),
                identity.code().executable().or(() -> identity.code().command()).orElse(Claimant.UNKNOWN),
                identity.process().map(id -> id.pid() + "@" + id.startTime()).orElse(Claimant.UNKNOWN));
    }

    /** With user namespaces one user can have processes of many user ids. Which ones is known on their own host alone. */
    private String user(Originator who, Credentials ids) {
        long uid = ids.unsignedUid();
        return Long.toString(who.host().equals(ownHost) ? owners.applyAsLong(uid) : uid);
    }

    /** What a flow counts for on the other side. */
    static String destination(Originator who, Optional<String> hostName) {
        return hostName.orElseGet(
                () -> InetAddresses.toAddrString(who.tuple().destination().getAddress()));
    }
}

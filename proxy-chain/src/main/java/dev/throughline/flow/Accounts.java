package dev.throughline.flow;

import com.google.common.net.InetAddresses;
import dev.throughline.budget.Account;
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
public final class Accounts {
    private final HostId ownHost;
    private final LongUnaryOperator owners;

    /**
     * Claimants as this hop sees them.
     *
     * @param ownHost the host that this hop is on
     * @param owners of this host's user ids, the user who has an id as a subordinate one, or the id itself
     */
    public Accounts(HostId ownHost, LongUnaryOperator owners) {
        this.ownHost = ownHost;
        this.owners = owners;
    }

    /**
     * Returns the claimant for {@code who}. If only the address of a remote client is known, the address (for IPv6 the /64) is the host.
     * All unknown processes of this host are one claimant: a process can connect from any address of 127.0.0.0/8.
     */
    Account of(Originator who) {
        ProcessIdentity identity = who.identity();
        boolean nameless =
                identity.process().isEmpty() && identity.credentials().isEmpty();
        return new Account(
                nameless && identity.evidence() == Evidence.REMOTE
                        ? InetAddresses.toAddrString(
                                Peer.network(who.tuple().source().getAddress()))
                        : who.host().toString(),
                identity.credentials().map(ids -> user(who, ids)).orElse(Account.UNKNOWN),
                identity.code().executable().or(() -> identity.code().command()).orElse(Account.UNKNOWN),
                identity.process().map(id -> id.pid() + "@" + id.startTime()).orElse(Account.UNKNOWN));
    }

    /** The same for a connection if only the user of this host is known, as an unsigned number in an int. */
    Account ofOwnUser(int uid) {
        return new Account(ownHost.toString(), Long.toString(owners.applyAsLong(Integer.toUnsignedLong(uid))), "", "");
    }

    /** In user namespaces one user can run processes under many user ids. Only the user's own host knows which. */
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

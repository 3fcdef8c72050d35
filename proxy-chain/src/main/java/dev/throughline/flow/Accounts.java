package dev.throughline.flow;

import com.google.common.net.InetAddresses;
import dev.throughline.budget.Account;
import dev.throughline.originator.Credentials;
import dev.throughline.originator.Evidence;
import dev.throughline.originator.HostId;
import dev.throughline.originator.Originator;
import dev.throughline.originator.ProcessId;
import dev.throughline.originator.ProcessIdentity;
import java.util.Optional;
import java.util.function.LongUnaryOperator;
import org.jspecify.annotations.Nullable;

/** The mapping of originators to the accounts of the budget. A flow counts for the same originator at every hop. */
public final class Accounts {
    private record OwnUser(long uid, Account account) {}

    private final HostId ownHost;
    private final String ownHostName;
    private final LongUnaryOperator owners;
    /** The last user of this host. Most connections of a moment are of one user. */
    private volatile @Nullable OwnUser lastOwnUser;

    /**
     * Creates the mapping for one host.
     *
     * @param ownHost the host that this hop runs on
     * @param owners maps a user id of this host to the user who has it as a subordinate id, or to itself
     */
    public Accounts(HostId ownHost, LongUnaryOperator owners) {
        this.ownHost = ownHost;
        this.ownHostName = ownHost.toString();
        this.owners = owners;
    }

    /**
     * Returns the account of an originator. If only the address of a remote client is known, the address (for IPv6 the /64) is
     * the host. All unknown processes of this host share one account: a process can connect from any address of 127.0.0.0/8.
     */
    Account of(Originator who) {
        ProcessIdentity identity = who.identity();
        Optional<ProcessId> process = identity.process();
        Optional<Credentials> credentials = identity.credentials();
        Optional<String> executable = identity.code().executable();
        boolean nameless = process.isEmpty() && credentials.isEmpty();
        return new Account(
                nameless && identity.evidence() == Evidence.REMOTE
                        ? InetAddresses.toAddrString(
                                Peer.network(who.tuple().source().getAddress()))
                        : who.host().equals(ownHost) ? ownHostName : who.host().toString(),
                credentials.isPresent() ? user(who, credentials.get()) : Account.UNKNOWN,
                executable.isPresent()
                        ? executable.get()
                        : identity.code().command().orElse(Account.UNKNOWN),
                process.isPresent() ? process.get().pid() + "@" + process.get().startTime() : Account.UNKNOWN);
    }

    /** Returns the account of a connection by its user on this host, before anything else is known. */
    Account ofOwnUser(int uid) {
        long owner = owners.applyAsLong(Integer.toUnsignedLong(uid));
        OwnUser last = lastOwnUser;
        if (last == null || last.uid != owner) {
            last = new OwnUser(owner, new Account(ownHostName, Long.toString(owner), "", ""));
            lastOwnUser = last;
        }
        return last.account;
    }

    /** Returns the user. In user namespaces one user can have many user ids, which only the user's own host knows. */
    private String user(Originator who, Credentials ids) {
        long uid = ids.unsignedUid();
        return Long.toString(who.host().equals(ownHost) ? owners.applyAsLong(uid) : uid);
    }

    /** Returns the destination for limits by destination. */
    static String destination(Originator who, Optional<String> hostName) {
        return hostName.isPresent()
                ? hostName.get()
                : InetAddresses.toAddrString(who.tuple().destination().getAddress());
    }
}

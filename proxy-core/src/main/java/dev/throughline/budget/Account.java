package dev.throughline.budget;

import java.util.Comparator;

/**
 * Whom a flow counts for, from the outside in. Each name counts within those before it: the same executable of two users is
 * two. An unknown part has a name too, which all unknown ones share.
 *
 * @param host that the originator is on; or, if nobody there could say more, the address that the flow came from
 * @param user on that host
 * @param executable of that user
 * @param process one instance of that executable
 */
public record Account(String host, String user, String executable, String process) implements Comparable<Account> {
    /** The name of what isn't known. */
    public static final String UNKNOWN = "unknown";

    private static final Comparator<Account> ORDER = Comparator.comparing(Account::host)
            .thenComparing(Account::process)
            .thenComparing(Account::user)
            .thenComparing(Account::executable);

    /**
     * Compares users, whatever they run.
     *
     * @param other with whom it is compared
     * @return whether both are the same user of the same host
     */
    public boolean isSameUser(Account other) {
        return user.equals(other.user) && host.equals(other.host);
    }

    /** By name, for maps: names are others' choice, and where many have one hash, HashMap finds by order. */
    @Override
    public int compareTo(Account other) {
        return ORDER.compare(this, other);
    }

    /** Uses host and process only, which rarely coincide: each further name would cost a memory access. */
    @Override
    public int hashCode() {
        return 31 * host.hashCode() + process.hashCode();
    }
}

package dev.throughline.budget;

import java.util.Comparator;

/**
 * Whom a flow counts for, from the outside in. Each name counts within those before it: the same executable of two users is
 * two. What isn't known has a name too, and all of whom it isn't known share it.
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

    /** Of host and process, which are seldom the same for two: each name that is looked at has to be fetched. */
    @Override
    public int hashCode() {
        return 31 * host.hashCode() + process.hashCode();
    }
}

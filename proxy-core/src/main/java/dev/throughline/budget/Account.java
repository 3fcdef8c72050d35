package dev.throughline.budget;

import java.util.Comparator;

/**
 * The originator for whom a flow is counted, from host to process. Each name is relative to those before it: the same
 * executable run by two users is two. All unknown parts share one name.
 *
 * @param host host of the originator; or the address that the flow came from, if nothing more is known
 * @param user user of that host
 * @param executable executable of that user
 * @param process process of that executable
 */
public record Account(String host, String user, String executable, String process) implements Comparable<Account> {
    /** The name for unknown parts. */
    public static final String UNKNOWN = "unknown";

    private static final Comparator<Account> ORDER = Comparator.comparing(Account::host)
            .thenComparing(Account::process)
            .thenComparing(Account::user)
            .thenComparing(Account::executable);

    /**
     * Returns whether two accounts are of the same user of the same host.
     *
     * @param other the other account
     * @return whether host and user are equal
     */
    public boolean isSameUser(Account other) {
        return user.equals(other.user) && host.equals(other.host);
    }

    /** Orders by name. This keeps a HashMap fast even if somebody chooses names with equal hash codes. */
    @Override
    public int compareTo(Account other) {
        return ORDER.compare(this, other);
    }

    /** Written out: the generated one is slow without the optimizing compiler, and this runs for each flow. */
    @Override
    public boolean equals(Object other) {
        return other instanceof Account that
                && process.equals(that.process)
                && executable.equals(that.executable)
                && user.equals(that.user)
                && host.equals(that.host);
    }

    /** Uses host and process only, which rarely coincide: each further name costs a memory access. */
    @Override
    public int hashCode() {
        return 31 * host.hashCode() + process.hashCode();
    }
}

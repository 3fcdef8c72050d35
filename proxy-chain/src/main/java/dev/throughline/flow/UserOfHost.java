package dev.throughline.flow;

import dev.throughline.budget.Account;

/** A user of one host. Users of several hosts may have the same name or id. */
record UserOfHost(String host, String user) {
    static UserOfHost of(Account account) {
        return new UserOfHost(account.host(), account.user());
    }
}

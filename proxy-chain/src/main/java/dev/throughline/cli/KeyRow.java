package dev.throughline.cli;

import com.google.common.collect.Streams;
import dev.throughline.key.PrivateKeys;
import dev.throughline.key.PublicKey;
import dev.throughline.key.Trust;
import dev.throughline.key.TrustEntry;
import dev.throughline.keys.KeyTimes;
import dev.throughline.report.Json;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * A row in a list of keys.
 *
 * @param state one word
 * @param more detail of the state, such as the end of validity
 * @param rights as written in the trust file; empty for this hop's own keys
 */
record KeyRow(
        PublicKey key, String state, String more, String rights, Optional<Instant> from, Optional<Instant> until) {

    /** Returns the rows for a hop's own keys, in signing order. */
    static List<KeyRow> of(PrivateKeys keys, Instant now) {
        return keys.entries().stream()
                .map(entry -> {
                    PrivateKeys.State state = keys.state(entry, now);
                    int next = keys.entries().indexOf(entry) + 1;
                    Optional<Instant> until = next < keys.entries().size()
                            ? keys.entries().get(next).from()
                            : Optional.empty();
                    String more = switch (state) {
                        case SIGNING -> until.map(end -> "until " + end).orElse("");
                        case VERIFY_ONLY -> "signs from " + entry.from().orElseThrow();
                        case RETIRED -> "since " + until.orElseThrow();
                    };
                    return new KeyRow(entry.key().publicKey(), state.toString(), more, "", entry.from(), until);
                })
                .toList();
    }

    /** Returns the rows for trusted and revoked keys, in the order of the file. */
    static List<KeyRow> of(Trust trust, Instant now) {
        return Streams.stream(trust.entries())
                .map(entry -> {
                    TrustEntry.State state = entry.state(now);
                    String more = switch (state) {
                        case TRUSTED ->
                            entry.until()
                                    .map(end -> "expires " + KeyTimes.in(now, end))
                                    .orElse("");
                        case NOT_YET_VALID -> "until " + entry.from().orElseThrow();
                        case EXPIRED -> "at " + entry.until().orElseThrow();
                        case REVOKED -> entry.revoked().orElse("");
                    };
                    return new KeyRow(entry.key(), state.toString(), more, entry.rights(), entry.from(), entry.until());
                })
                .toList();
    }

    /** Returns the rows as a table. */
    static String table(List<KeyRow> rows) {
        Columns table = new Columns().row("KEY", "HOP", "ALGORITHM", "STATE", "RIGHTS", "FINGERPRINT");
        for (KeyRow row : rows) {
            table.row(
                    row.key.id().toString(),
                    row.key.hopName(),
                    row.key.algorithm().toString(),
                    row.stateText(),
                    row.rights.isEmpty() ? "-" : row.rights,
                    row.key.fingerprint());
        }
        return table.toString();
    }

    /** Returns the state with its detail, such as {@code expired at 2027-01-31T00:00:00Z} or {@code revoked, lost}. */
    private String stateText() {
        boolean isTime = more.startsWith("at ") || more.startsWith("since ") || more.startsWith("until ");
        return more.isEmpty() ? state : state + (isTime ? " " : ", ") + more;
    }

    /** Writes this row's members. */
    void write(Json out) {
        out.put("key", key.id().toString())
                .put("hop", key.hopName())
                .put("algorithm", key.algorithm().toString())
                .put("state", state);
        if (!more.isEmpty()) {
            out.put("detail", more);
        }
        if (!rights.isEmpty()) {
            out.put("may", rights);
        }
        out.put("from", from.map(Instant::toString))
                .put("until", until.map(Instant::toString))
                .put("fingerprint", key.fingerprint())
                .put("public_key", key.toText());
    }
}

package dev.throughline.cli;

import com.google.common.collect.Streams;
import dev.throughline.config.KeyTimes;
import dev.throughline.key.PublicKey;
import dev.throughline.key.SecretKeys;
import dev.throughline.key.Trust;
import dev.throughline.key.TrustEntry;
import dev.throughline.report.Json;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * A key in a list.
 *
 * @param state one word
 * @param more what a person wants to know besides, such as until when
 * @param rights as a trust file has them; empty for this hop's own keys
 */
record KeyRow(
        PublicKey key, String state, String more, String rights, Optional<Instant> from, Optional<Instant> until) {
    private static final String ROW = "%-16s  %-12s  %-9s  %-44s  %-20s  %s%n";

    /** A hop's own keys, in the order in which they sign. */
    static List<KeyRow> of(SecretKeys keys, Instant now) {
        return keys.entries().stream()
                .map(entry -> {
                    SecretKeys.State state = keys.state(entry, now);
                    int next = keys.entries().indexOf(entry) + 1;
                    Optional<Instant> until = next < keys.entries().size()
                            ? keys.entries().get(next).from()
                            : Optional.empty();
                    String more = switch (state) {
                        case SIGNING -> until.map(end -> "until " + end).orElse("");
                        case VERIFY_ONLY -> "until " + entry.from().orElseThrow();
                        case RETIRED -> "since " + until.orElseThrow();
                    };
                    return new KeyRow(entry.key().publicKey(), state.toString(), more, "", entry.from(), until);
                })
                .toList();
    }

    /** The keys that are believed, or not, in the order of the file. */
    static List<KeyRow> of(Trust trust, Instant now) {
        return Streams.stream(trust.entries())
                .map(entry -> {
                    TrustEntry.State state = entry.state(now);
                    String more = switch (state) {
                        case TRUSTED ->
                            entry.until()
                                    .map(end -> "expires " + KeyTimes.in(now, end))
                                    .orElse("");
                        case NOT_YET_VALID -> "before " + entry.from().orElseThrow();
                        case EXPIRED -> "at " + entry.until().orElseThrow();
                        case REVOKED -> entry.revoked().orElse("");
                    };
                    return new KeyRow(entry.key(), state.toString(), more, entry.rights(), entry.from(), entry.until());
                })
                .toList();
    }

    /** Keys as a table for people. */
    static String table(List<KeyRow> rows) {
        StringBuilder text = new StringBuilder(ROW.formatted("KEY", "HOP", "ALGORITHM", "STATE", "MAY", "FINGERPRINT"));
        for (KeyRow row : rows) {
            text.append(ROW.formatted(
                    row.key.id(),
                    row.key.hopName(),
                    row.key.algorithm(),
                    row.more.isEmpty() ? row.state : row.state + ", " + row.more,
                    row.rights.isEmpty() ? "-" : row.rights,
                    row.key.fingerprint()));
        }
        return text.toString();
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

package dev.throughline.cli;

import dev.throughline.chain.VerifierSettings;
import dev.throughline.key.PublicKey;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;

/** What is to be done where while a hop's key is rotated, as a text that can be pasted into a ticket. */
record RotationTicket(Path file, PublicKey old, PublicKey added, Instant now, Instant start) {
    /** For so long after the switch a header by the old key can still be on its way: the most of ttl and skew. */
    static final Duration OVERLAP = VerifierSettings.MAX_TTL.plus(VerifierSettings.MAX_TTL);

    String text() {
        String when = start.equals(now) ? "It signs from now on" : "It signs from " + start + " on";
        return """
                Hop %1$s gets a new key in place of %2$s. %5$s.

                  %3$s
                  %4$s, %6$s

                1. %7$s, on every hop that trusts %2$s:
                     throughline keys trust TRUSTFILE '%3$s' --as %2$s
                     throughline reload --config CONFIG
                2. Then, still before it signs, where %1$s runs:
                     throughline reload --config CONFIG
                   It changes over by itself at that time. If a hop refuses it (unknown-key), go back:
                     throughline keys rotate %8$s --cancel
                     throughline reload --config CONFIG
                3. After %9$s, when their flow logs show links by key %10$s, on the hops of step 1:
                     throughline keys trust TRUSTFILE %2$s --until now
                     throughline reload --config CONFIG
                   and where %1$s runs:
                     throughline keys rotate %8$s --finish
                     throughline reload --config CONFIG
                """.formatted(
                        old.hopName(),
                        old.id(),
                        added.toText(),
                        added.algorithm(),
                        when,
                        added.fingerprint(),
                        start.equals(now) ? "At once" : "Before then",
                        file,
                        start.plus(OVERLAP),
                        added.id());
    }
}

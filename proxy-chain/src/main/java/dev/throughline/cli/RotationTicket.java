package dev.throughline.cli;

import dev.throughline.chain.VerifierSettings;
import dev.throughline.key.PublicKey;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;

/** The steps of a key rotation, with the host of each, as text for a ticket. */
record RotationTicket(Path file, PublicKey old, PublicKey added, Instant now, Instant start) {
    /** A header signed with the old key can arrive this long after the switch: maximum ttl plus maximum skew. */
    static final Duration OVERLAP = VerifierSettings.MAX_TTL.plus(VerifierSettings.MAX_TTL);

    String text() {
        boolean atOnce = start.equals(now);
        return """
                Hop %1$s gets a new key to replace %2$s. %5$s.

                  %3$s
                  %4$s, %6$s

                1. %7$s on every hop that trusts %2$s:
                     throughline keys trust TRUSTFILE '%3$s' --as %2$s
                     throughline reload --config CONFIG
                2. %11$s on the host of %1$s:
                     throughline reload --config CONFIG
                   %12$s. To undo, if a hop rejects its headers (unknown-key):
                     throughline keys rotate %8$s --cancel
                     throughline reload --config CONFIG
                3. %9$s, once the flow logs of the hops of step 1 show links by key %10$s, on those hops:
                     throughline keys trust TRUSTFILE %2$s --until now
                     throughline reload --config CONFIG
                   and on the host of %1$s:
                     throughline keys rotate %8$s --finish
                     throughline reload --config CONFIG
                """.formatted(
                        old.hopName(),
                        old.id(),
                        added.toText(),
                        added.algorithm(),
                        atOnce ? "It signs as soon as " + old.hopName() + " has reloaded" : "It signs from " + start,
                        added.fingerprint(),
                        atOnce ? "Now," : "Before then,",
                        file,
                        atOnce ? OVERLAP.toSeconds() + " s after step 2" : "After " + start.plus(OVERLAP),
                        added.id(),
                        atOnce ? "Then," : "Then, before " + start + ",",
                        atOnce
                                ? "It signs with the new key from then on"
                                : "It starts to sign with the new key by itself at that time");
    }
}

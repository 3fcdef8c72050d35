package dev.throughline.keys;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.key.KeyFormatException;
import dev.throughline.key.PrivateKey;
import dev.throughline.key.PrivateKeys;
import dev.throughline.key.Trust;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** In these texts "OWN" and "NEXT" are keys of hop-b, whose report it is; "A" and "A2" are keys of hop-a. */
class KeyExpiryReportTest {
    private static final Instant NOW = Instant.parse("2027-01-01T00:00:00Z");
    private static final PrivateKey OWN = newKey("hop-b");
    private static final PrivateKey NEXT = newKey("hop-b");
    private static final PrivateKey A = newKey("hop-a");
    private static final PrivateKey A2 = newKey("hop-a");

    @Test
    void keysWithoutAnEndAreNotReported() throws Exception {
        KeyExpiryReport outlook = outlook("OWN", "A origin=edge-1\nOWN hop");
        assertThat(warnings(outlook)).isEmpty();
        assertThat(outlook.untilNextExpiry()).isEmpty();
        assertThat(outlook.expiring()).isZero();
        assertThat(outlook.isRotationDue()).isFalse();
    }

    @Test
    void aKeyThatEndsWithinFourteenDaysIsWarnedOf() throws Exception {
        KeyExpiryReport outlook = outlook("OWN", "A origin=edge-1 until=2027-01-15T00:00:00Z");
        assertThat(warnings(outlook))
                .containsExactly("key A of hop-a expires in 14 days, at 2027-01-15T00:00:00Z, and no other key has its"
                        + " rights: rotate it");
        assertThat(outlook.untilNextExpiry()).contains(Duration.ofDays(14));
        assertThat(outlook.expiring()).isEqualTo(1);
    }

    @Test
    void aDayEarlierItIsOnlyCounted() throws Exception {
        KeyExpiryReport outlook = outlook("OWN", "A origin=edge-1 until=2027-01-16T00:00:00Z");
        assertThat(warnings(outlook)).isEmpty();
        assertThat(outlook.untilNextExpiry()).contains(Duration.ofDays(15));
        assertThat(outlook.expiring()).isZero();
    }

    /** A rotation ends in this way, so there is no warning. */
    @Test
    void aKeyThatAnotherFollowsMayEnd() throws Exception {
        for (String old : List.of("until=2027-01-02T00:00:00Z", "until=2026-12-31T00:00:00Z", "revoked")) {
            KeyExpiryReport outlook = outlook("OWN", "A origin=edge-1 " + old + "\nA2 origin=edge-1");
            assertThat(warnings(outlook)).as(old).isEmpty();
            assertThat(outlook.untilNextExpiry()).as(old).isEmpty();
        }
    }

    @Test
    void oneThatMayDoLessOrEndsAsSoonDoesNotFollow() throws Exception {
        for (String other : List.of("origin=edge-2", "origin=edge-1 until=2027-01-02T00:00:00Z", "hop revoked")) {
            KeyExpiryReport outlook = outlook("OWN", "A origin=edge-1 until=2027-01-02T00:00:00Z\nA2 " + other);
            assertThat(warnings(outlook)).as(other).isNotEmpty().allMatch(line -> line.contains("in 24 hours"));
        }
    }

    @Test
    void keysThatDoNotCountNowAreNamed() throws Exception {
        assertThat(warnings(outlook("OWN", "A hop until=2026-12-31T00:00:00Z")))
                .containsExactly(
                        "key A of hop-a has expired, and no other key has its rights: its headers are refused");
        assertThat(warnings(outlook("OWN", "A hop from=2027-01-02T00:00:00Z")))
                .containsExactly("key A of hop-a isn't valid before 2027-01-02T00:00:00Z: its headers are refused until"
                        + " then");
    }

    @Test
    void thisHopsOwnRotationIsDueWhenItsKeyEndsAndNoneFollows() throws Exception {
        String trust = "OWN hop until=2027-01-03T00:00:00Z";
        KeyExpiryReport due = outlook("OWN", trust);
        assertThat(due.isRotationDue()).isTrue();
        assertThat(warnings(due))
                .containsExactly(
                        "this hop's own key OWN expires in 2 days, at 2027-01-03T00:00:00Z, and this hop has no later key:"
                                + " throughline keys rotate");
        assertThat(outlook("OWN\nNEXT from=2027-01-03T00:00:00Z", trust).isRotationDue())
                .isFalse();
        assertThat(outlook("OWN\nNEXT from=2027-01-03T00:00:01Z", trust).isRotationDue())
                .isTrue();
        assertThat(warnings(outlook("OWN", "OWN hop until=2026-12-31T00:00:00Z")))
                .containsExactly(
                        "this hop's own key OWN has expired, at 2026-12-31T00:00:00Z, and this hop has no later key:"
                                + " throughline keys rotate");
    }

    @Test
    void aKeyThatSignsAndShouldNotIsNamed() throws Exception {
        assertThat(warnings(outlook("OWN", "OWN hop revoked")))
                .containsExactly("this hop signs with key OWN, which is revoked in its own trust file");
        assertThat(warnings(outlook("OWN from=2027-01-02T00:00:00Z", "")))
                .containsExactly(
                        "key OWN signs before its start time, 2027-01-02T00:00:00Z, because no other key of this hop has"
                                + " started");
    }

    /** Returns the warnings, with names instead of ids. */
    private static List<String> warnings(KeyExpiryReport outlook) {
        return outlook.warnings().stream()
                .map(line -> line.replace(OWN.publicKey().id().toString(), "OWN")
                        .replace(A.publicKey().id().toString(), "A"))
                .toList();
    }

    private static KeyExpiryReport outlook(String own, String trust) throws KeyFormatException {
        return new KeyExpiryReport(
                new HopKeys(
                        PrivateKeys.parse(
                                "own", own.replace("OWN", OWN.toSecretText()).replace("NEXT", NEXT.toSecretText())),
                        Trust.parse(
                                "trust",
                                trust.replaceAll("(?m)^A2 ", A2.publicKey().toText() + " ")
                                        .replaceAll("(?m)^A ", A.publicKey().toText() + " ")
                                        .replace("OWN", OWN.publicKey().toText())),
                        Optional.empty()),
                NOW);
    }

    private static PrivateKey newKey(String hop) {
        try {
            return PrivateKey.generate(hop, new SecureRandom());
        } catch (KeyFormatException e) {
            throw new AssertionError(e);
        }
    }
}

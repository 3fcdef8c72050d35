package dev.throughline.keys;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.key.KeyFormatException;
import dev.throughline.key.PrivateKey;
import dev.throughline.key.PrivateKeys;
import dev.throughline.key.Trust;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The log's messages after keys were read again. "OWN" and "NEXT" stand for keys of hop-b, "A" for one of hop-a. */
class KeyChangesTest {
    private static final Instant NOW = Instant.parse("2027-01-01T00:00:00Z");
    private static final PrivateKey OWN = newKey("hop-b");
    private static final PrivateKey NEXT = newKey("hop-b");
    private static final PrivateKey A = newKey("hop-a");

    @Test
    void theSameKeysAreNoChange() throws Exception {
        assertThat(changes("OWN", "A hop", "# moved\nOWN", "A  hop # ours")).isEmpty();
    }

    @Test
    void saysWhichKeysAreTrustedAndWhichNoLonger() throws Exception {
        assertThat(changes("OWN", "", "OWN", "A origin=edge-1 hop"))
                .containsExactly("trusts key A of hop-a: origin=edge-1 hop");
        assertThat(changes("OWN", "A hop", "OWN", "")).containsExactly("no longer trusts key A of hop-a");
        assertThat(changes("OWN", "A hop", "OWN", "A hop until=2027-02-01T00:00:00Z"))
                .containsExactly("changed trust in key A of hop-a: hop until 2027-02-01T00:00:00Z");
    }

    @Test
    void saysWhetherAKeyIsTrustedAtThisTime() throws Exception {
        assertThat(changes("OWN", "A hop", "OWN", "A hop until=2026-12-31T23:59:53Z"))
                .containsExactly("no longer trusts key A of hop-a: it expired at 2026-12-31T23:59:53Z");
        assertThat(changes("OWN", "", "OWN", "A hop from=2027-02-01T00:00:00Z until=2027-03-01T00:00:00Z"))
                .containsExactly("will trust key A of hop-a from 2027-02-01T00:00:00Z: hop until 2027-03-01T00:00:00Z");
    }

    @Test
    void aRevocationIsReportedOnce() throws Exception {
        assertThat(changes("OWN", "A hop", "OWN", "A hop revoked")).containsExactly("key A of hop-a is revoked");
        assertThat(changes("OWN", "", "OWN", "A revoked")).containsExactly("key A of hop-a is revoked");
        assertThat(changes("OWN", "A hop revoked", "OWN", "A hop revoked # lost"))
                .isEmpty();
    }

    @Test
    void theHopsOwnKeysComeAndGo() throws Exception {
        assertThat(changes("OWN", "", "OWN\nNEXT from=2027-01-02T00:00:00Z", ""))
                .containsExactly("will sign with key NEXT of hop-b from 2027-01-02T00:00:00Z");
        assertThat(changes("OWN", "", "OWN\nNEXT from=2026-12-31T00:00:00Z", ""))
                .containsExactly("now signs with key NEXT of hop-b, before with OWN");
        assertThat(changes("OWN\nNEXT from=2026-12-31T00:00:00Z", "", "NEXT from=2026-12-31T00:00:00Z", ""))
                .containsExactly("secret key dropped: key OWN of hop-b");
    }

    private static List<String> changes(String own, String trust, String ownAfter, String trustAfter)
            throws KeyFormatException {
        return KeyChanges.between(keys(own, trust), keys(ownAfter, trustAfter), NOW).stream()
                .map(line -> line.replace(OWN.publicKey().id().toString(), "OWN")
                        .replace(NEXT.publicKey().id().toString(), "NEXT")
                        .replace(A.publicKey().id().toString(), "A"))
                .toList();
    }

    private static HopKeys keys(String own, String trust) throws KeyFormatException {
        return new HopKeys(
                PrivateKeys.parse("own", own.replace("OWN", OWN.toSecretText()).replace("NEXT", NEXT.toSecretText())),
                Trust.parse("trust", trust.replaceAll("(?m)^A ", A.publicKey().toText() + " ")),
                Optional.empty());
    }

    private static PrivateKey newKey(String hop) {
        try {
            return PrivateKey.generate(hop, new SecureRandom());
        } catch (KeyFormatException e) {
            throw new AssertionError(e);
        }
    }
}

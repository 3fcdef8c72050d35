package dev.throughline.key;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.security.SecureRandom;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** In these texts "OLD", "NEW" and "LATER" stand for secret keys of gateway, of 94 characters; "OTHER" is one of office. */
class PrivateKeysTest {
    private static final PrivateKey OLD = newKey("gateway");
    private static final PrivateKey NEW = newKey("gateway");
    private static final PrivateKey LATER = newKey("gateway");
    private static final PrivateKey OTHER = newKey("office");
    private static final Instant SWITCH = Instant.parse("2027-01-02T00:00:00Z");

    private static PrivateKey signing(PrivateKeys keys, Instant now) {
        return keys.signingAt(now).key();
    }

    @Test
    void theNextKeySignsFromItsInstantOn() throws Exception {
        PrivateKeys keys = parse("OLD\nNEW from=2027-01-02T00:00:00Z\nLATER from=2027-01-03T00:00:00Z\n");

        assertThat(signing(keys, SWITCH.minusMillis(1)).publicKey()).isEqualTo(OLD.publicKey());
        assertThat(signing(keys, SWITCH).publicKey()).isEqualTo(NEW.publicKey());
        assertThat(signing(keys, SWITCH.plusSeconds(86_399)).publicKey()).isEqualTo(NEW.publicKey());
        assertThat(signing(keys, SWITCH.plusSeconds(86_400)).publicKey()).isEqualTo(LATER.publicKey());
    }

    @Test
    void aKeyIsVerifyOnlyThenSigningThenRetired() throws Exception {
        PrivateKeys keys = parse("OLD\nNEW from=2027-01-02T00:00:00Z");
        PrivateKeys.Entry old = keys.entries().getFirst();
        PrivateKeys.Entry next = keys.entries().getLast();

        assertThat(keys.state(old, SWITCH.minusMillis(1))).hasToString("signing");
        assertThat(keys.state(next, SWITCH.minusMillis(1))).hasToString("verify-only");
        assertThat(keys.state(old, SWITCH)).hasToString("retired");
        assertThat(keys.state(next, SWITCH)).hasToString("signing");
        assertThat(keys.nextAfter(SWITCH.minusMillis(1))).contains(next);
        assertThat(keys.nextAfter(SWITCH)).isEmpty();
    }

    @Test
    void theOrderOfTheLinesDoesNotMatter() throws Exception {
        PrivateKeys keys = parse("# the new one\nNEW from=2027-01-02T00:00:00Z # ticket 7\n\n  OLD\r\n");
        assertThat(keys.entries())
                .extracting(entry -> entry.key().publicKey())
                .containsExactly(OLD.publicKey(), NEW.publicKey());
    }

    /** A hop has a key even if its clock goes back. */
    @Test
    void beforeAnyKeyBeginsTheFirstThatWillSigns() throws Exception {
        PrivateKeys keys = parse("NEW from=2027-01-02T00:00:00Z\nLATER from=2027-01-03T00:00:00Z");
        assertThat(signing(keys, Instant.EPOCH).publicKey()).isEqualTo(NEW.publicKey());
        assertThat(keys.state(keys.entries().getLast(), Instant.EPOCH)).hasToString("verify-only");
    }

    @Test
    void anEntryIsWrittenAsItWasRead() throws Exception {
        String line = "NEW from=2027-01-02T00:00:00Z";
        assertThat(parse(line).entries().getFirst().toSecretText()).isEqualTo(filled(line));
        assertThat(PrivateKeys.of(OLD).entries().getFirst().toSecretText()).isEqualTo(OLD.toSecretText());
        assertThat(PrivateKeys.of(OLD)).hasToString("1 secret keys of gateway");
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "nothing             | ''                                                     | ''    | no secret key",
                "only comments       | # OLD                                                  | ''    | no secret key",
                "a public key        | gateway+bcd1d56b5845f21e+AddamAGCsQq31Uv               | 1:1:  | like a public key",
                "an unknown word     | OLD until=2027-01-02T00:00:00Z                         | 1:96: | at most one from=INSTANT",
                "two beginnings      | OLD from=2027-01-02T00:00:00Z from=2027-01-02T00:00:00Z | 1:122: | at most one",
                "no instant          | OLD from=tomorrow                                      | 1:101: | expected an instant",
                "the key twice       | OLD;OLD from=2027-01-02T00:00:00Z                      | 2:1:  | is listed twice",
                "one begin for two   | OLD;NEW                                                | 2:95: | add from=INSTANT",
                "two hops            | OLD;OTHER from=2027-01-02T00:00:00Z                    | 2:1:  | key of hop \"office\"",
            })
    void aProblemHasItsLineAndColumn(String what, String text, String place, String problem) {
        assertThatThrownBy(() -> parse(text.replace(';', '\n')))
                .isInstanceOf(KeyFormatException.class)
                .hasMessageStartingWith("gateway.key:" + place)
                .hasMessageContaining(problem);
    }

    @Test
    void noMessageRepeatsTheTextOfTheFile() {
        String material = OLD.toSecretText().substring(60);
        for (String text : new String[] {"OLD " + material, "OLD from=" + material, material}) {
            assertThatThrownBy(() -> parse(text))
                    .satisfies(e -> assertThat(e.getMessage()).doesNotContain(material));
        }
    }

    private static PrivateKeys parse(String text) throws KeyFormatException {
        return PrivateKeys.parse("gateway.key", filled(text));
    }

    private static String filled(String text) {
        return text.replace("OLD", OLD.toSecretText())
                .replace("NEW", NEW.toSecretText())
                .replace("LATER", LATER.toSecretText())
                .replace("OTHER", OTHER.toSecretText());
    }

    private static PrivateKey newKey(String hop) {
        try {
            return PrivateKey.generate(hop, new SecureRandom());
        } catch (KeyFormatException e) {
            throw new AssertionError(e);
        }
    }
}

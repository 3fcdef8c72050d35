package dev.throughline.key;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.throughline.originator.HopId;
import dev.throughline.originator.HostId;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** In these texts "LAPTOP" and "GATEWAY" stand for a public key's text, of 68 and 69 characters. */
class TrustTest {
    private static final PublicKey LAPTOP = newKey("laptop");
    private static final PublicKey GATEWAY = newKey("gateway");

    @Test
    void aLineIsAKeyAndWhatItMayDo() throws Exception {
        Trust trust = parse("LAPTOP origin=laptop,phone hop from=2027-01-01T00:00:00Z until=2028-01-01T00:00:00Z");

        TrustEntry entry = trust.find(LAPTOP.id()).orElseThrow();

        assertThat(entry.key()).isEqualTo(LAPTOP);
        assertThat(entry.originHosts()).containsExactly("laptop", "phone");
        assertThat(entry.hop()).isTrue();
        assertThat(entry.from()).contains(Instant.parse("2027-01-01T00:00:00Z"));
        assertThat(entry.until()).contains(Instant.parse("2028-01-01T00:00:00Z"));
        assertThat(trust.find(GATEWAY.id())).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "LAPTOP origin=laptop",
                "LAPTOP origin=laptop,phone hop",
                "LAPTOP origin=*",
                "LAPTOP hop",
                "LAPTOP hop from=2027-01-01T00:00:00Z until=2028-01-01T00:00:00Z",
                "LAPTOP origin=laptop hop revoked",
                "LAPTOP hop until=2028-01-01T00:00:00Z revoked # its disk was sold",
                "LAPTOP revoked # never trust this one",
            })
    void anEntryIsWrittenAsItWasRead(String line) throws Exception {
        assertThat(parse(line).entries())
                .singleElement()
                .satisfies(entry -> assertThat(entry.toText()).isEqualTo(line.replace("LAPTOP", LAPTOP.toText())));
    }

    @Test
    void commentsAndBlankLinesAndCarriageReturnsSayNothing() throws Exception {
        Trust trust =
                parse("# the office\n\n   \n  # indented\nLAPTOP hop # a comment\r\n  GATEWAY   hop\t\n#LAPTOP\n");
        assertThat(trust.entries()).extracting(TrustEntry::key).containsExactly(LAPTOP, GATEWAY);
    }

    @Test
    void anEmptyTextTrustsNoKey() throws Exception {
        assertThat(parse("").entries()).isEmpty();
        assertThat(Trust.NOBODY.entries()).isEmpty();
    }

    @Test
    void anOriginSpeaksForItsHostsAndNoOther() throws Exception {
        assertThat(entry("LAPTOP origin=laptop").mayBeOrigin()).isTrue();
        assertThat(entry("LAPTOP origin=laptop").hop()).isFalse();
        assertThat(mayBeOriginFor("LAPTOP origin=laptop,desk", "laptop")).isTrue();
        assertThat(mayBeOriginFor("LAPTOP origin=laptop,desk", "desk")).isTrue();
        assertThat(mayBeOriginFor("LAPTOP origin=laptop,desk", "phone")).isFalse();

        assertThat(mayBeOriginFor("LAPTOP origin=*", "phone")).isTrue();

        assertThat(entry("LAPTOP hop").mayBeOrigin()).isFalse();
        assertThat(mayBeOriginFor("LAPTOP hop", "laptop")).isFalse();
    }

    private static boolean mayBeOriginFor(String line, String host) throws KeyFormatException {
        Trust trust = parse(line);
        return trust.mayBeOriginFor(trust.find(LAPTOP.id()).orElseThrow(), HostId.of(host));
    }

    @Test
    void aWindowBeginsAtFromAndIsOverAtUntil() throws Exception {
        TrustEntry entry = entry("LAPTOP hop from=2027-01-01T00:00:00Z until=2028-01-01T00:00:00Z");
        assertThat(entry.isInWindow(Instant.parse("2026-12-31T23:59:59.999Z"))).isFalse();
        assertThat(entry.isInWindow(Instant.parse("2027-01-01T00:00:00Z"))).isTrue();
        assertThat(entry.isInWindow(Instant.parse("2027-12-31T23:59:59.999Z"))).isTrue();
        assertThat(entry.isInWindow(Instant.parse("2028-01-01T00:00:00Z"))).isFalse();
        assertThat(entry("LAPTOP hop").isInWindow(Instant.EPOCH)).isTrue();
    }

    @Test
    void aStateIsWhatAnEntryIsWorthNow() throws Exception {
        String window = "LAPTOP hop from=2027-01-01T00:00:00Z until=2028-01-01T00:00:00Z";
        Instant inside = Instant.parse("2027-06-01T00:00:00Z");
        assertThat(entry(window).state(inside)).hasToString("trusted");
        assertThat(entry(window).state(Instant.EPOCH)).hasToString("not-yet-valid");
        assertThat(entry(window).state(Instant.parse("2028-01-01T00:00:00Z"))).hasToString("expired");
        assertThat(entry(window + " revoked").state(inside)).hasToString("revoked");
    }

    @Test
    void theCommentOfARevokedKeyIsItsReason() throws Exception {
        assertThat(entry("LAPTOP hop revoked # its disk was sold").revoked()).contains("its disk was sold");
        assertThat(entry("LAPTOP hop revoked").revoked()).contains("");
        assertThat(entry("LAPTOP hop # its disk was sold").revoked()).isEmpty();
        assertThat(entry("LAPTOP hop").withRevocation("lost").toText())
                .isEqualTo(LAPTOP.toText() + " hop revoked # lost");
    }

    @Test
    void aSubstituteIsAnotherKeyOfTheHopWithAllItsRights() throws Exception {
        PublicKey second = newKey("laptop");
        Instant then = Instant.parse("2027-06-01T00:00:00Z");
        for (String rights : List.of("origin=a,b hop", "origin=* hop", "origin=b,a,c hop until=2028-01-01T00:00:00Z")) {
            assertThat(hasSubstitute("LAPTOP origin=a,b hop", second.toText() + " " + rights, then))
                    .as(rights)
                    .isTrue();
        }
        for (String rights : List.of(
                "origin=a,b",
                "hop",
                "origin=a hop",
                "origin=a,b hop revoked",
                "origin=a,b hop from=2028-01-01T00:00:00Z",
                "origin=a,b hop until=2027-01-01T00:00:00Z")) {
            assertThat(hasSubstitute("LAPTOP origin=a,b hop", second.toText() + " " + rights, then))
                    .as(rights)
                    .isFalse();
        }
        assertThat(hasSubstitute("LAPTOP origin=*", second.toText() + " origin=a", then))
                .isFalse();
        assertThat(hasSubstitute("LAPTOP hop", "GATEWAY hop", then)).isFalse();
    }

    private static boolean hasSubstitute(String line, String other, Instant then) throws KeyFormatException {
        Trust trust = parse(line + "\n" + other);
        return trust.hasSubstitute(trust.find(LAPTOP.id()).orElseThrow(), then);
    }

    @Test
    void namesBehindIdsAreKnownAsFarAsTheTextHasThem() throws Exception {
        Trust trust = parse("LAPTOP origin=phone");
        assertThat(trust.nameOf(HopId.of("laptop"))).contains("laptop");
        assertThat(trust.nameOf(HopId.of("phone"))).isEmpty();
        assertThat(trust.nameOf(HostId.of("phone"))).contains("phone");
        assertThat(trust.nameOf(HostId.of("laptop"))).isEmpty();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "no key              | hop                                  | 1:1  | not a public key: expected NAME",
                "a key cut short     | LAPTO hop                            | 1:1  | not a public key: expected NAME",
                "an indented one     |  '  nokey hop'                       | 1:3  | not a public key: expected NAME",
                "no right            | LAPTOP                               | 1:69 | the key has no right",
                "only a window       | LAPTOP until=2028-01-01T00:00:00Z    | 1:96 | the key has no right",
                "an unknown word     | LAPTOP hop admin                     | 1:74 | unknown word \"admin\"",
                "a value for hop     | LAPTOP hop=no                        | 1:70 | unknown word \"hop=no\"",
                "origin without host | LAPTOP origin                        | 1:70 | unknown word \"origin\"",
                "origin with nothing | LAPTOP origin=                       | 1:77 | is not a name",
                "a host that is none | LAPTOP origin=a,b/c                  | 1:77 | \"b/c\" is not a name",
                "a star among hosts  | LAPTOP origin=a,*                    | 1:77 | \"*\" is not a name",
                "a date alone        | LAPTOP hop from=2027-01-01           | 1:79 | expected an instant",
                "from without value  | LAPTOP hop from                      | 1:74 | unknown word \"from\"",
                "a value for revoked | LAPTOP hop revoked=yes               | 1:74 | unknown word \"revoked=yes\"",
                "revoked twice       | LAPTOP revoked hop revoked           | 1:82 | of this line",
                "a word twice        | LAPTOP hop hop                       | 1:74 | of this line",
                "two origins         | LAPTOP origin=a origin=b             | 1:79 | of this line",
                "two ends            | LAPTOP hop until=2027-01-01T00:00:00Z until=2029-01-01T00:00:00Z | 1:101 | of this line",
                "an empty window     | LAPTOP hop from=2027-01-01T00:00:00Z until=2027-01-01T00:00:00Z | 1:126 | never valid",
                "a comment mark that touches | LAPTOP hop#all               | 1:70 | unknown word \"hop#all\"",
            })
    void aProblemHasItsLineAndColumn(String what, String line, String place, String problem) {
        assertThatThrownBy(() -> parse(line))
                .isInstanceOf(KeyFormatException.class)
                .hasMessageStartingWith("hops.trust:" + place + ": ")
                .hasMessageContaining(problem);
    }

    @Test
    void aKeyIsListedOnce() {
        assertThatThrownBy(() -> parse("LAPTOP hop\nGATEWAY hop\nLAPTOP origin=laptop"))
                .hasMessage("hops.trust:3:1: key " + LAPTOP.id() + " is listed twice");
    }

    @Test
    void allProblemsAreReportedAtOnce() {
        assertThatThrownBy(() -> parse("nokey\nLAPTOP hop\n\nLAPTOP hop\nGATEWAY may-all\n"))
                .satisfies(e -> assertThat(e.getMessage().lines())
                        .extracting(line -> line.substring(0, line.indexOf(": ")))
                        .containsExactly("hops.trust:1:1", "hops.trust:4:1", "hops.trust:5:71"));
    }

    /** Some editors write an invisible byte order mark. */
    @Test
    void showsAByteOrderMark() {
        assertThatThrownBy(() -> parse("\uFEFFLAPTOP hop\nLAPTOP\n\uFEFFnokey hop"))
                .hasMessageStartingWith(
                        "hops.trust:1:1: the file begins with a byte order mark (U+FEFF): save it as UTF-8 without one\n")
                .hasMessageContaining("hops.trust:2:69: the key has no right")
                .hasMessageEndingWith("found \"\\uFEFFnokey\"");
    }

    @Test
    void aTrustOfEntriesHoldsEachKeyOnce() throws Exception {
        TrustEntry entry = entry("LAPTOP hop");
        assertThat(Trust.of(List.of(entry)).find(LAPTOP.id())).contains(entry);
        assertThatThrownBy(() -> Trust.of(List.of(entry, entry))).isInstanceOf(IllegalArgumentException.class);
    }

    private static Trust parse(String text) throws KeyFormatException {
        return Trust.parse("hops.trust", text.replace("LAPTOP", LAPTOP.toText()).replace("GATEWAY", GATEWAY.toText()));
    }

    private static TrustEntry entry(String line) throws KeyFormatException {
        return parse(line).find(LAPTOP.id()).orElseThrow();
    }

    private static PublicKey newKey(String hop) {
        try {
            return PrivateKey.generate(hop, new SecureRandom()).publicKey();
        } catch (KeyFormatException e) {
            throw new AssertionError(e);
        }
    }
}

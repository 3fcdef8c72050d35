package dev.throughline.header;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.header.ReadResult.Complete;
import dev.throughline.header.ReadResult.Malformed;
import dev.throughline.header.ReadResult.NeedMore;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Headers are written as hex, with a space between their parts: signature, version and command, family, length, rest. */
class HeaderReaderTest {
    private static final String SIGNATURE = "0d0a0d0a000d0a515549540a ";
    private static final String TCP4 = SIGNATURE + "21 11 000c c000020a c6336450 9c40 01bb ";
    private static final String ADDRESSES = "c000020a c6336450 9c40 01bb ";
    private static final String TCP6 =
            SIGNATURE + "21 21 0024 20010db8000000000000000000000010 " + "20010db8008000000000000000000080 9c40 01bb ";
    private static final String TWO_TLVS = SIGNATURE + "21 11 0019 " + ADDRESSES + "04 0003 000000 ea 0004 01020304 ";

    @Test
    void aHeaderIsItsCommandItsTupleAndItsTlvsInOrder() {
        Header header = complete(TWO_TLVS);
        assertThat(header.command()).isEqualTo(Header.Command.PROXY);
        assertThat(header.tuple()).hasToString("Optional[192.0.2.10:40000 -> 198.51.100.80:443]");
        assertThat(header.tlvs())
                .containsExactly(new Tlv(0x04, Bytes.ofHex("000000")), new Tlv(0xEA, Bytes.ofHex("01020304")));
        assertThat(header.raw()).isEqualTo(bytes(TWO_TLVS));
    }

    @ParameterizedTest
    @CsvSource({"11, TCP4", "12, UDP4"})
    void theFamilyByteNamesTheTransportOverIpv4(String family, TransportProtocol transport) {
        assertThat(complete(TCP4.replace("21 11", "21 " + family))
                        .tuple()
                        .orElseThrow()
                        .transport())
                .isEqualTo(transport);
    }

    @ParameterizedTest
    @CsvSource({"21, TCP6", "22, UDP6"})
    void theFamilyByteNamesTheTransportOverIpv6(String family, TransportProtocol transport) {
        Tuple tuple = complete(TCP6.replace("21 21", "21 " + family)).tuple().orElseThrow();
        assertThat(tuple.transport()).isEqualTo(transport);
        assertThat(tuple).hasToString("[2001:db8::10]:40000 -> [2001:db8:80::80]:443");
    }

    @ParameterizedTest
    @ValueSource(strings = {TCP4, TCP6, TWO_TLVS})
    void everySplitGivesTheSameHeader(String hex) {
        byte[] all = bytes(hex).toByteArray();
        Header whole = complete(hex);
        for (int length = 0; length < all.length; length++) {
            assertThat(read(Arrays.copyOf(all, length)))
                    .as("the first %s bytes", length)
                    .isEqualTo(new NeedMore(length < 16 ? 16 : all.length));
        }
        assertThat(((Complete) read(all)).header()).isEqualTo(whole);
    }

    @Test
    void bytesAfterTheHeaderBelongToTheFlow() {
        assertThat(complete(TWO_TLVS + "0d0a0d0a 474554")).isEqualTo(complete(TWO_TLVS));
    }

    @Test
    void bytesBeyondTheGivenLengthAreIgnored() {
        byte[] buffer = Arrays.copyOf(bytes(TCP4).toByteArray(), 4096);
        assertThat(new HeaderReader(HeaderLimits.NORMAL).read(buffer, 20)).isEqualTo(new NeedMore(28));
    }

    @Test
    void aWrongByteOfTheSignatureIsRefusedWhereItIsAndAtOnce() {
        byte[] good = bytes(SIGNATURE).toByteArray();
        for (int i = 0; i < good.length; i++) {
            byte[] bad = Arrays.copyOf(good, i + 1);
            bad[i] ^= 0x20;
            assertThat(read(bad)).isInstanceOfSatisfying(Malformed.class, m -> {
                assertThat(m.offset()).isEqualTo(bad.length - 1);
                assertThat(m.section()).isEqualTo("2.2");
            });
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "50524f585920544350342031302e302e302e31", // PROXY TCP4 10.0.0.1
                "474554202f20485454502f312e310d0a", // GET / HTTP/1.1
                "160301020001", // a TLS ClientHello
            })
    void anotherProtocolIsRefusedAtItsFirstByte(String hex) {
        assertMalformed(hex, 0);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "version 1, 11 11 000c, 12",
        "version 3, 31 11 000c, 12",
        "command 2, 22 11 000c, 12",
        "command 15, 2f 11 000c, 12",
        "UNSPEC with PROXY, 21 00 000c, 13",
        "TCP over no family, 21 01 000c, 13",
        "IPv4 without a transport, 21 10 000c, 13",
        "an unknown transport, 21 13 000c, 13",
        "an AF_UNIX stream, 21 31 000c, 13",
        "an AF_UNIX datagram, 21 32 000c, 13",
        "an unknown family with LOCAL, 20 41 000c, 13",
        "AF_UNIX with LOCAL, 20 31 000c, 13",
        "too short for an IPv4 block, 21 11 000b, 14",
        "too short for an IPv6 block, 21 21 0023, 14",
        "too short for an IPv4 block with LOCAL, 20 11 000b, 14",
        "no addresses at all, 21 11 0000, 14",
    })
    void theSixteenFixedBytesAreCheckedAsSoonAsTheyAreHere(String what, String fixed, int offset) {
        byte[] bytes = bytes(SIGNATURE + fixed).toByteArray();
        // A length is checked as a whole, unless its first byte already exceeds the limit.
        int decided = offset == 14 ? 16 : offset + 1;

        assertThat(read(Arrays.copyOf(bytes, decided - 1))).isEqualTo(new NeedMore(16));
        assertThat(read(Arrays.copyOf(bytes, decided)))
                .isInstanceOfSatisfying(
                        Malformed.class, m -> assertThat(m.offset()).isEqualTo(offset));
    }

    @Test
    void theFirstByteOfALengthCanBeTooMuchAlready() {
        assertThat(read(bytes(SIGNATURE + "21 11 0f").toByteArray())).isEqualTo(new NeedMore(16));
        ReadResult result = assertMalformed(SIGNATURE + "21 11 10", 14);
        assertThat(((Malformed) result).problem())
                .isEqualTo("the header has at least 4112 bytes, at most 4096 are accepted");
    }

    @Test
    void version1IsNamedAsSuch() {
        ReadResult result = assertMalformed("50524f585920", 0);
        assertThat(((Malformed) result).problem())
                .isEqualTo("not a PROXY v2 signature: expected 0d, found 50, a PROXY v1 header; only v2 is accepted");
    }

    @Test
    void aHeaderOverTheLimitIsRefusedBeforeItArrives() {
        assertThat(read(bytes(SIGNATURE + "21 11 0ff0").toByteArray())).isEqualTo(new NeedMore(4096));
        assertMalformed(SIGNATURE + "21 11 0ff1", 14);
        assertMalformed(SIGNATURE + "21 11 ffff", 14);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "one stray byte, 000d, 04, 28",
        "two stray bytes, 000e, 04 00, 28",
        "one stray byte after a TLV, 0010, 04 0000 00, 31",
        "a TLV longer than the header, 000f, 04 0001, 29",
        "a second TLV longer than the header, 0014, 04 0001 00 04 0002 00, 33",
        "a TLV of 65535 bytes, 0010, 04 ffff 00, 29",
    })
    void tlvsEndWhereTheHeaderEnds(String what, String length, String tlvs, int offset) {
        assertMalformed(SIGNATURE + "21 11 " + length + ADDRESSES + tlvs, offset);
    }

    @Test
    void anIpv4AddressInIpv6SpellingIsRefused() {
        assertMalformed(TCP6.replace("20010db8000000000000000000000010", "00000000000000000000ffffc000020a"), 16);
        assertMalformed(TCP6.replace("20010db8008000000000000000000080", "00000000000000000000ffffc6336450"), 16);
    }

    @Test
    void emptyAndNoopAndUnknownTlvsAreKeptAsTheyCame() {
        Header header = complete(SIGNATURE + "21 11 0018 " + ADDRESSES + "04 0000 ee 0000 04 0003 61 62 63");
        assertThat(header.tlvs())
                .containsExactly(
                        new Tlv(0x04, Bytes.EMPTY), new Tlv(0xEE, Bytes.EMPTY), new Tlv(0x04, Bytes.ofHex("616263")));
    }

    @Test
    void aNestedTlvIsNotTakenApart() {
        Header header = complete(SIGNATURE + "21 11 0017 " + ADDRESSES + "20 0008 01 00000000 21 ffff");
        assertThat(header.tlvs()).containsExactly(new Tlv(0x20, Bytes.ofHex("010000000021ffff")));
    }

    @Test
    void localHasNoTuple() {
        Header unspecified = complete(SIGNATURE + "20 00 0004 04 0001 00");
        assertThat(unspecified.command()).isEqualTo(Header.Command.LOCAL);
        assertThat(unspecified.tuple()).isEmpty();
        assertThat(unspecified.tlvs()).containsExactly(new Tlv(0x04, Bytes.ofHex("00")));

        Header withAddresses = complete(SIGNATURE + "20 11 0010 " + ADDRESSES + "04 0001 00");
        assertThat(withAddresses.tuple()).isEmpty();
        assertThat(withAddresses.tlvs()).isEqualTo(unspecified.tlvs());
    }

    @ParameterizedTest
    @ValueSource(strings = {"20 00 0004 04 0001 00", "20 00 0000"})
    void localIsWaitedForLikeAnyHeader(String rest) {
        byte[] all = bytes(SIGNATURE + rest).toByteArray();
        for (int length = 16; length < all.length; length++) {
            assertThat(read(Arrays.copyOf(all, length))).isEqualTo(new NeedMore(all.length));
        }
        assertThat(read(all)).isInstanceOf(Complete.class);
    }

    @Test
    void tlvsOfLocalAreCheckedLikeAnyOthers() {
        assertMalformed(SIGNATURE + "20 00 0004 04 0002 00", 17);
    }

    @Test
    void aRightChecksumPassesAndAnyChangeUnderItIsFound() {
        byte[] good = HeaderWriter.proxyWithChecksum(
                        complete(TCP4).tuple().orElseThrow(), complete(TWO_TLVS).tlvs())
                .toByteArray();
        assertThat(read(good)).isInstanceOf(Complete.class);
        for (int at : new int[] {16, 27, 31, good.length - 1}) {
            byte[] bad = good.clone();
            bad[at] ^= 1;
            assertThat(read(bad))
                    .isInstanceOfSatisfying(
                            Malformed.class, m -> assertThat(m.offset()).isEqualTo(good.length - 4));
        }
    }

    @Test
    void theChecksumIsThatOfTheSpecification() {
        // CRC-32C (Castagnoli) over the header with four zero bytes in its place, worked out apart from this code.
        assertThat(complete(SIGNATURE + "21 11 0013 " + ADDRESSES + "03 0004 " + CRC)
                        .tlvs())
                .containsExactly(new Tlv(Tlv.CRC32C, Bytes.ofHex(CRC)));
    }

    @Test
    void aChecksumMayStandBeforeOtherTlvsAndCoversThem() {
        String good = SIGNATURE + "21 11 0019 " + ADDRESSES + "03 0004 529a74bb ea 0003 010203";
        assertThat(complete(good).tlvs()).hasSize(2);
        assertMalformed(good.replace("010203", "010204"), 31);
        assertMalformed(SIGNATURE + "21 11 0016 " + ADDRESSES + "03 0004 " + CRC + " 04 0000", 31);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "21 11 000e " + ADDRESSES + "04 00 | 2 bytes left, a TLV needs at least 3",
                "21 11 0010 " + ADDRESSES + "04 0005 00 | TLV 04 claims 5 bytes, 1 are left",
                "21 31 | family 31, expected 11, 12, 21 or 22 (TCP or UDP over IPv4 or IPv6)",
                "20 31 | family 31 with LOCAL, expected 00 (UNSPEC), TCP or UDP",
                "21 11 000b | length 11 is less than the address block of 12",
                "21 11 0ff1 | the header has 4097 bytes, at most 4096 are accepted",
            })
    void theProblemHasTheBytesAndTheLimit(String rest, String problem) {
        assertThat(read(bytes(SIGNATURE + rest).toByteArray()))
                .isInstanceOfSatisfying(
                        Malformed.class, m -> assertThat(m.problem()).isEqualTo(problem));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "three bytes, 0012, 03 0003 000000, 28",
        "five bytes, 0014, 03 0005 0000000000, 28",
        "none, 000f, 03 0000, 28",
        "a second one, 001a, 03 0004 00000000 03 0004 00000000, 35",
    })
    void aHeaderHasAtMostOneChecksumOfFourBytes(String what, String length, String tlvs, int offset) {
        ReadResult result = assertMalformed(SIGNATURE + "21 11 " + length + ADDRESSES + tlvs, offset);
        assertThat(((Malformed) result).section()).isEqualTo("2.2.3");
    }

    private static final String CRC = "c85089e2";

    private static Bytes bytes(String hex) {
        return Bytes.ofHex(hex.replace(" ", ""));
    }

    private static ReadResult read(byte[] bytes) {
        return new HeaderReader(HeaderLimits.NORMAL).read(bytes, bytes.length);
    }

    private static Header complete(String hex) {
        ReadResult result = read(bytes(hex).toByteArray());
        assertThat(result).isInstanceOf(Complete.class);
        return ((Complete) result).header();
    }

    private static ReadResult assertMalformed(String hex, int offset) {
        ReadResult result = read(bytes(hex).toByteArray());
        assertThat(result).isInstanceOfSatisfying(Malformed.class, m -> {
            assertThat(m.offset()).as(m.problem()).isEqualTo(offset);
            assertThat(m.problem()).isNotBlank();
        });
        return result;
    }
}

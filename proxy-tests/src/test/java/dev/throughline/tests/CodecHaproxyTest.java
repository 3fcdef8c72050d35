package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.throughline.header.Bytes;
import dev.throughline.header.Header;
import dev.throughline.header.HeaderLimits;
import dev.throughline.header.HeaderReader;
import dev.throughline.header.HeaderWriter;
import dev.throughline.header.ReadResult;
import dev.throughline.header.Tlv;
import dev.throughline.header.TransportProtocol;
import dev.throughline.header.Tuple;
import dev.throughline.tests.NettyReader.Reading;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The project's reader of PROXY v2 compared with Netty's: Netty accepts every header that it accepts, with the same result, and for
 * headers that only Netty accepts there is a known reason.
 */
class CodecHaproxyTest {
    private static final int MUTATIONS = 20_000;
    private static final long SEED = 2;
    private static final int TLS = 0x20;
    private static final int TLS_FIXED_BYTES = 5;

    /** The problems for which only Netty accepts a header, by their messages. */
    private enum OnlyOurs {
        A_LIMIT_OF_4096("are accepted"),
        NO_FAMILY_BUT_IP("expected 11, 12, 21 or 22"),
        NO_FAMILY_BUT_IP_FOR_LOCAL("with LOCAL, expected 00"),
        NO_SHORT_ADDRESSES_FOR_LOCAL("less than the address block"),
        NO_IPV4_MAPPED_ADDRESSES("IPv4-mapped"),
        NOTHING_BEHIND_THE_LAST_TLV("a TLV needs at least 3"),
        NO_TLV_LONGER_THAN_WHAT_IS_LEFT("claims"),
        ONE_CHECKSUM("at most one CRC32C"),
        A_CHECKSUM_HOLDS("doesn't match");

        private final String words;

        OnlyOurs(String words) {
            this.words = words;
        }

        static OnlyOurs of(ReadResult.Malformed refusal) {
            return Arrays.stream(values())
                    .filter(reason -> refusal.problem().contains(reason.words))
                    .findFirst()
                    .orElseGet(() -> fail("Netty takes what ours refuses: %s", refusal));
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("dev.throughline.tests.HeaderVector#readable")
    void everyVectorIsReadTheSame(HeaderVector vector) {
        assertThat(NettyReader.read(vector.bytes()))
                .contains(Reading.of(vector.header().orElseThrow()));
    }

    @Test
    void mostVectorsAreReadable() {
        assertThat(HeaderVector.readable()).hasSizeGreaterThanOrEqualTo(120);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("unusual")
    void unusualHeadersAreReadTheSame(String what, byte[] bytes) {
        assertThat(NettyReader.read(bytes)).contains(Reading.of(read(bytes).orElseThrow()));
    }

    @Test
    void oursTakesNothingThatNettyRefuses() {
        HeaderMutator mutator = new HeaderMutator(seeds(), SEED);
        Set<OnlyOurs> seen = EnumSet.noneOf(OnlyOurs.class);
        int taken = 0;
        int refused = 0;
        int brokenTls = 0;
        for (int i = 0; i < MUTATIONS; i++) {
            byte[] bytes = mutator.next();
            Optional<Reading> netty = NettyReader.read(bytes);
            switch (new HeaderReader(HeaderLimits.NORMAL).read(bytes, bytes.length)) {
                case ReadResult.Complete ours -> {
                    taken++;
                    if (netty.isEmpty() && carriesBrokenTls(ours.header())) {
                        brokenTls++;
                    } else {
                        assertThat(netty).as(hex(bytes)).contains(Reading.of(ours.header()));
                    }
                }
                case ReadResult.Malformed ours -> {
                    refused++;
                    netty.ifPresent(reading -> seen.add(OnlyOurs.of(ours)));
                }
                case ReadResult.NeedMore more ->
                    assertThat(netty).as(hex(bytes)).isEmpty();
            }
        }
        assertThat(brokenTls).isPositive();
        assertThat(taken).isGreaterThan(MUTATIONS / 10);
        assertThat(refused).isGreaterThan(MUTATIONS / 10);
        assertThat(seen).containsExactlyInAnyOrder(OnlyOurs.values());
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }

    private static Optional<Header> read(byte[] bytes) {
        return new HeaderVector("", bytes).header();
    }

    /**
     * Only Netty parses the TLVs within a TLS TLV (section 2.2.6). A receiver may skip a TLV in
     * which it isn't interested (section 2.2).
     */
    private static boolean carriesBrokenTls(Header header) {
        return header.tlvs().stream()
                .filter(tlv -> tlv.type() == TLS)
                .map(tlv -> tlv.value().toByteArray())
                .anyMatch(value -> value.length < TLS_FIXED_BYTES || isBroken(value));
    }

    private static boolean isBroken(byte[] tls) {
        int at = TLS_FIXED_BYTES;
        while (at + Tlv.OVERHEAD < tls.length) {
            if (tls[at] == TLS) {
                return true;
            }
            at += Tlv.OVERHEAD + Short.toUnsignedInt(ByteBuffer.wrap(tls).getShort(at + 1));
        }
        return at > tls.length;
    }

    private static List<byte[]> seeds() {
        List<byte[]> seeds = new ArrayList<>();
        HeaderVector.all().forEach(vector -> seeds.add(vector.bytes()));
        unusual().forEach(arguments -> seeds.add((byte[]) arguments[1]));
        return seeds;
    }

    static Stream<Object[]> unusual() {
        Tuple tcp = Tuple.tcp(at("192.0.2.1", 1), at("198.51.100.2", 65535));
        Tuple udp = new Tuple(TransportProtocol.UDP6, at("2001:db8::1", 53), at("fe80::2", 0));
        Tlv empty = new Tlv(0xEA, Bytes.EMPTY);
        int free = HeaderLimits.NORMAL.maxBytes() - HeaderWriter.size(tcp, List.of(empty));
        Tlv filling = new Tlv(0xEA, Bytes.copyOf(new byte[free]));
        return Stream.of(
                new Object[] {"no TLVs", HeaderWriter.proxy(tcp, List.of()).toByteArray()},
                new Object[] {
                    "UDP over IPv6",
                    HeaderWriter.proxy(udp, List.of(empty, alpn())).toByteArray()
                },
                new Object[] {
                    "only an empty TLV", HeaderWriter.proxy(tcp, List.of(empty)).toByteArray()
                },
                new Object[] {
                    "as long as may be",
                    HeaderWriter.proxy(tcp, List.of(filling)).toByteArray()
                },
                new Object[] {
                    "TLVs within TLS",
                    HeaderWriter.proxy(tcp, List.of(tls(), alpn())).toByteArray()
                },
                new Object[] {
                    "a checksum",
                    HeaderWriter.proxyWithChecksum(udp, List.of(alpn())).toByteArray()
                },
                new Object[] {
                    "LOCAL", local(HeaderWriter.proxy(tcp, List.of(alpn())).toByteArray())
                },
                new Object[] {"LOCAL without a family", HexFormat.of().parseHex("0d0a0d0a000d0a515549540a20000000")});
    }

    private static InetSocketAddress at(String address, int port) {
        return new InetSocketAddress(com.google.common.net.InetAddresses.forString(address), port);
    }

    private static Tlv alpn() {
        return new Tlv(0x01, Bytes.ofHex("6832"));
    }

    /** Section 2.2.6: five bytes about the client, then a version and a name. */
    private static Tlv tls() {
        return new Tlv(TLS, Bytes.ofHex("0100000000" + "210007544c5376312e33" + "220003616461"));
    }

    private static byte[] local(byte[] header) {
        header[12] = 0x20;
        return header;
    }
}

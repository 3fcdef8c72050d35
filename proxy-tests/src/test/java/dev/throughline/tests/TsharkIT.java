package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.base.Splitter;
import com.google.common.net.InetAddresses;
import dev.throughline.header.Bytes;
import dev.throughline.header.Header;
import dev.throughline.header.HeaderWriter;
import dev.throughline.header.Tlv;
import dev.throughline.header.TransportProtocol;
import dev.throughline.header.Tuple;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** tshark recognises the headers of all vectors in one capture and shows the same contents as the project's reader. */
@NeedsPrograms("tshark")
@Timeout(180)
class TsharkIT {
    private static final List<String> FIELDS = List.of(
            "proxy.version",
            "proxy.v2.cmd",
            "proxy.v2.addr_family_protocol",
            "proxy.src.ipv4",
            "proxy.src.ipv6",
            "proxy.srcport",
            "proxy.dst.ipv4",
            "proxy.dst.ipv6",
            "proxy.dstport",
            "proxy.v2.length",
            "proxy.v2.tlv.type",
            "proxy.v2.tlv.length",
            "proxy.v2.tlv.value",
            "_ws.expert.message");

    /** tshark 4.0 doesn't show a TLV that begins so near the end: it uses the length as that of the whole header. */
    private static final int OVERLOOKED_BYTES = 16;

    private static final int FIXED_BYTES = 16;

    private static final int FAMILY_AT = 13;
    /** Without addresses, which only LOCAL may be, tshark shows no TLV. */
    private static final int UNSPEC = 0;

    @TempDir
    static Path folder;

    private static List<HeaderVector> vectors;
    private static List<String> lines;

    @BeforeAll
    static void dissect() throws IOException {
        vectors = new ArrayList<>(HeaderVector.readable());
        vectors.add(twoFragmentsOfAnIpv6Flow());
        Path file = folder.resolve("headers.pcap");
        Pcap.write(file, vectors.stream().map(HeaderVector::bytes).toList());
        String tshark = ForeignProgram.path("tshark");
        System.out.println("with "
                + Host.THIS
                        .run(List.of(tshark, "--version"))
                        .lines()
                        .filter(line -> line.startsWith("TShark"))
                        .findFirst()
                        .orElseThrow());
        List<String> command =
                new ArrayList<>(List.of(tshark, "-r", file.toString(), "-T", "fields", "-E", "separator=|"));
        FIELDS.forEach(field -> command.addAll(List.of("-e", field)));
        lines = Host.THIS
                .run(command)
                .lines()
                .filter(line -> line.contains("|"))
                .toList();
    }

    private static HeaderVector twoFragmentsOfAnIpv6Flow() {
        Header two = HeaderVector.named("verified-2-fragments").header().orElseThrow();
        Tuple flow = HeaderVector.named("verified-ipv6").flow();
        return new HeaderVector(
                "2-fragments-ipv6", HeaderWriter.proxy(flow, two.tlvs()).toByteArray());
    }

    @Test
    void showsEveryHeaderAsWeReadIt() {
        assertThat(lines).hasSameSizeAs(vectors);
        for (int i = 0; i < lines.size(); i++) {
            shows(Splitter.on('|').splitToList(lines.get(i)), vectors.get(i));
        }
    }

    @ParameterizedTest(name = "{0}: {1}, {2}")
    @CsvSource({
        "verified-1-hop, 0x11, 404",
        "verified-ipv6, 0x21, 792",
        "verified-2-fragments, 0x11, '1024,143'",
        "2-fragments-ipv6, 0x21, '1024,143'"
    })
    void showsEachFragmentAsATlv(String name, String family, String lengths) {
        int number = vectors.stream().map(HeaderVector::name).toList().indexOf(name);
        List<String> fields = Splitter.on('|').splitToList(lines.get(number));
        assertThat(field(fields, "proxy.v2.addr_family_protocol")).isEqualTo(family);
        assertThat(field(fields, "proxy.v2.tlv.length")).isEqualTo(lengths);
        assertThat(list(field(fields, "proxy.v2.tlv.type"))).containsOnly("0xe5");
        assertThat(list(field(fields, "proxy.v2.tlv.value"))).allMatch(value -> value.startsWith("464901"));
    }

    private static void shows(List<String> fields, HeaderVector vector) {
        Header header = vector.header().orElseThrow();
        assertThat(field(fields, "proxy.version")).as(vector.name()).isEqualTo("2");
        assertThat(field(fields, "proxy.v2.cmd"))
                .as(vector.name())
                .isEqualTo(header.command() == Header.Command.PROXY ? "1" : "0");
        assertThat(field(fields, "proxy.v2.length"))
                .as(vector.name())
                .isEqualTo(Integer.toString(vector.bytes().length - FIXED_BYTES));
        assertThat(field(fields, "_ws.expert.message")).as(vector.name()).isEmpty();
        header.tuple()
                .ifPresent(flow -> assertThat(flow(fields)).as(vector.name()).isEqualTo(flow));
        List<Tlv> shown = tlvs(fields);
        assertThat(shown.size())
                .as(vector.name())
                .isBetween(countOfThoseShown(header), header.tlvs().size());
        assertThat(shown).as(vector.name()).isEqualTo(header.tlvs().subList(0, shown.size()));
    }

    private static String field(List<String> fields, String name) {
        return fields.get(FIELDS.indexOf(name));
    }

    private static Tuple flow(List<String> fields) {
        String transport = field(fields, "proxy.v2.addr_family_protocol");
        String family = transport.startsWith("0x2") ? "ipv6" : "ipv4";
        return new Tuple(
                TransportProtocol.ofCode(Integer.decode(transport)).orElseThrow(),
                end(field(fields, "proxy.src." + family), field(fields, "proxy.srcport")),
                end(field(fields, "proxy.dst." + family), field(fields, "proxy.dstport")));
    }

    private static InetSocketAddress end(String address, String port) {
        return new InetSocketAddress(InetAddresses.forString(address), Integer.parseInt(port));
    }

    private static List<Tlv> tlvs(List<String> fields) {
        List<String> types = list(field(fields, "proxy.v2.tlv.type"));
        List<String> lengths = list(field(fields, "proxy.v2.tlv.length"));
        List<String> values = list(field(fields, "proxy.v2.tlv.value"));
        assertThat(values.stream().map(value -> Integer.toString(value.length() / 2)))
                .containsExactlyElementsOf(lengths);
        return IntStream.range(0, types.size())
                .mapToObj(i -> new Tlv(Integer.decode(types.get(i)), Bytes.ofHex(values.get(i))))
                .toList();
    }

    private static List<String> list(String field) {
        return Splitter.on(',').omitEmptyStrings().splitToList(field);
    }

    private static int countOfThoseShown(Header header) {
        if (header.raw().at(FAMILY_AT) == UNSPEC) {
            return 0;
        }
        int left = header.tlvs().stream()
                .mapToInt(tlv -> Tlv.OVERHEAD + tlv.value().length())
                .sum();
        int count = 0;
        for (Tlv tlv : header.tlvs()) {
            if (left <= OVERLOOKED_BYTES) {
                return count;
            }
            left -= Tlv.OVERHEAD + tlv.value().length();
            count++;
        }
        return count;
    }
}

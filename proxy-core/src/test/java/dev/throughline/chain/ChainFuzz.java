package dev.throughline.chain;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.throughline.header.Bytes;
import dev.throughline.header.Header;
import dev.throughline.header.HeaderWriter;
import dev.throughline.header.Tlv;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.provider.MethodSource;

/** A fuzz target for the bytes of a chain. */
class ChainFuzz {
    private static final int FRAGMENT = 1020;

    @MethodSource("dev.throughline.chain.FuzzSeeds#chains")
    @FuzzTest
    void isReadInOneWayOrRefused(byte[] chain) {
        List<Tlv> tlvs = new ArrayList<>();
        int count = (chain.length + FRAGMENT - 1) / FRAGMENT;
        for (int i = 0; i < count && i < 4; i++) {
            ByteArrayOutputStream value = new ByteArrayOutputStream();
            value.writeBytes(new byte[] {0x46, 0x49, 1, (byte) (i << 4 | (Math.min(count, 4) - 1))});
            value.write(chain, FRAGMENT * i, Math.min(FRAGMENT, chain.length - FRAGMENT * i));
            tlvs.add(new Tlv(0xE5, Bytes.copyOf(value.toByteArray())));
        }
        byte[] header = HeaderWriter.proxy(Scene.flow(false), tlvs).toByteArray();
        if (header.length <= 4096) {
            isReadInOneWayOrRefused(Scene.complete(header));
        }
    }

    /** A chain that is read is written back byte by byte, as is each of its links; a malformed one has an offset. */
    static void isReadInOneWayOrRefused(Header header) {
        switch (ChainTlv.STANDARD.read(header)) {
            case ChainRead.None none -> assertThat(ours(header)).isEmpty();
            case ChainRead.Malformed malformed -> {
                assertThat(ours(header)).isNotEmpty();
                assertThat(malformed.offset()).isBetween(16, header.raw().length());
                assertThat(malformed.problem()).isNotBlank();
            }
            case ChainRead.Found found -> {
                assertThat(ChainTlv.STANDARD.write(found.chain()).orElseThrow()).isEqualTo(ours(header));
                assertThat(found.chain().links()).hasSizeBetween(1, Chain.HARD_HOP_LIMIT);
                for (SignedLink link : found.chain().links()) {
                    assertThat(link.link().encode()).isEqualTo(link.body());
                }
                assertThat(Vector.says(found.chain().origin().claim().unverified()))
                        .doesNotContainPattern("\\p{Cntrl}");
            }
        }
    }

    /** Returns the bytes in the fragments of a header, whatever their numbers. */
    static byte[] content(Header header) {
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        for (Tlv tlv : ours(header)) {
            byte[] value = tlv.value().toByteArray();
            content.write(value, Math.min(4, value.length), Math.max(0, value.length - 4));
        }
        return content.toByteArray();
    }

    private static List<Tlv> ours(Header header) {
        return header.tlvs().stream()
                .filter(tlv -> tlv.type() == 0xE5 && tlv.value().toHex().startsWith("4649"))
                .toList();
    }
}

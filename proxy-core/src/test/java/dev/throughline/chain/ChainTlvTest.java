package dev.throughline.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.collect.ImmutableList;
import dev.throughline.header.Bytes;
import dev.throughline.header.Header;
import dev.throughline.header.HeaderLimits;
import dev.throughline.header.HeaderReader;
import dev.throughline.header.HeaderWriter;
import dev.throughline.header.ReadResult;
import dev.throughline.header.Tlv;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The split of a chain into TLVs; vectors/malformed-fragment-* have the invalid ones. */
class ChainTlvTest {
    @ParameterizedTest
    @CsvSource({"1019, 1", "1020, 1", "1021, 2", "2040, 2", "2041, 3", "3061, 4", "4080, 4"})
    void aChainTakesAsFewFragmentsAsItCan(int size, int fragments) {
        Chain chain = chainOf(size);
        assertThat(chain.encode().length()).isEqualTo(size);

        assertThat(ChainTlv.STANDARD.write(chain).orElseThrow())
                .hasSize(fragments)
                .allSatisfy(tlv -> assertThat(tlv.value().length()).isBetween(5, 1024));
        assertThat(read(ChainTlv.STANDARD, chain)).isEqualTo(new ChainRead.Found(chain));
    }

    @Test
    void aChainThatNeedsMoreThanFourFragmentsHasNoTlvs() {
        assertThat(ChainTlv.STANDARD.write(chainOf(4081))).isEmpty();
    }

    @Test
    void aFifthFragmentIsRefused() {
        Header header = header(ChainTlv.STANDARD, chainOf(4080));
        List<Tlv> five = new ArrayList<>(header.tlvs());
        five.add(new Tlv(0xE5, Bytes.ofHex("464901" + "44" + "00")));
        five.replaceAll(tlv -> renumbered(tlv, five.indexOf(tlv)));
        Header bad = new Header(
                header.command(),
                header.tuple(),
                ImmutableList.copyOf(five),
                HeaderWriter.proxy(header.tuple().orElseThrow(), five));
        assertThat(ChainTlv.STANDARD.read(bad))
                .isInstanceOfSatisfying(
                        ChainRead.Malformed.class,
                        malformed -> assertThat(malformed.offset()).isEqualTo(16 + 12 + 3 + 3));
    }

    /** Offsets are those in the header, across the borders of fragments. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void theByteThatIsWrongIsNamedInWhicheverFragmentItIs(int fragment) {
        Forge forge = Forge.of(1, false);
        VectorCatalogue.grow(forge, 1020 * fragment);
        forge.link(0).egress = 0xFF;
        Labelled header = forge.header();

        assertThat(ChainTlv.STANDARD.read(Scene.complete(header.toByteArray())))
                .isInstanceOfSatisfying(
                        ChainRead.Malformed.class,
                        malformed -> assertThat(malformed.offset()).isEqualTo(header.offsetOf("link 0: way out")));
    }

    @ParameterizedTest
    @ValueSource(ints = {0xE0, 0xEF})
    void anotherTypeOfTheCustomRangeMayBeAgreed(int type) {
        ChainTlv other = new ChainTlv(type);
        Chain chain = Scene.chain(1, false);
        assertThat(read(other, chain)).isEqualTo(new ChainRead.Found(chain));
        assertThat(ChainTlv.STANDARD.read(header(other, chain))).isEqualTo(new ChainRead.None());
    }

    @ParameterizedTest
    @ValueSource(ints = {0xDF, 0xF0, 0x05, 0})
    void aTypeOutsideTheCustomRangeMayNot(int type) {
        assertThatThrownBy(() -> new ChainTlv(type)).isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "46", "4648", "4749"})
    void aTlvOfTheTypeWithoutTheMagicIsIgnored(String value) {
        Forge forge = Forge.of(1, false);
        forge.fragmentEdit = fragments -> List.of();
        forge.before.add(Forge.tlv(0xE5, value));
        assertThat(ChainTlv.STANDARD.read(Scene.complete(forge.bytes()))).isEqualTo(new ChainRead.None());
    }

    @ParameterizedTest
    @ValueSource(strings = {"4649", "464901", "46490100"})
    void aTlvWithTheMagicAloneIsMalformed(String value) {
        Forge forge = Forge.of(1, false);
        forge.fragmentEdit = fragments -> List.of();
        forge.before.add(Forge.tlv(0xE5, value));
        assertThat(ChainTlv.STANDARD.read(Scene.complete(forge.bytes())))
                .isInstanceOfSatisfying(
                        ChainRead.Malformed.class,
                        malformed -> assertThat(malformed.offset()).isEqualTo(16 + 12 + 3));
    }

    @Test
    void foreignTlvsMayStandBetweenFragments() {
        Chain chain = chainOf(1500);
        List<Tlv> tlvs = new ArrayList<>(ChainTlv.STANDARD.write(chain).orElseThrow());
        tlvs.add(1, Forge.tlv(0xEA, "00"));
        Header header =
                Scene.complete(HeaderWriter.proxy(Scene.flow(false), tlvs).toByteArray());
        assertThat(ChainTlv.STANDARD.read(header)).isEqualTo(new ChainRead.Found(chain));
    }

    @Test
    void anOffsetInTheSecondFragmentIsCountedFromTheStartOfTheHeader() {
        Forge forge = Forge.of(3, false);
        VectorCatalogue.grow(forge, 500);
        forge.link(2).egress = 0xFF;
        Labelled header = forge.header();
        assertThat(ChainTlv.STANDARD.read(Scene.complete(header.toByteArray())))
                .isInstanceOfSatisfying(
                        ChainRead.Malformed.class,
                        malformed -> assertThat(malformed.offset()).isEqualTo(header.offsetOf("link 2: way out")));
    }

    private static ChainRead read(ChainTlv tlv, Chain chain) {
        return tlv.read(header(tlv, chain));
    }

    private static Header header(ChainTlv tlv, Chain chain) {
        byte[] header = HeaderWriter.proxy(Scene.flow(false), tlv.write(chain).orElseThrow())
                .toByteArray();
        ReadResult result = new HeaderReader(new HeaderLimits(5000)).read(header, header.length);
        return ((ReadResult.Complete) result).header();
    }

    private static Tlv renumbered(Tlv tlv, int index) {
        byte[] value = tlv.value().toByteArray();
        value[3] = (byte) ((index << 4) | 4);
        return new Tlv(tlv.type(), Bytes.copyOf(value));
    }

    private static Chain chainOf(int size) {
        Forge forge = Forge.of(1, false);
        int missing = size - forge.chain().size() - 3;
        VectorCatalogue.grow(forge, missing);
        try {
            return Chain.read(Bytes.wrap(forge.chain().toByteArray()), KnownDetails.NONE);
        } catch (WireException e) {
            throw new AssertionError(e);
        }
    }
}

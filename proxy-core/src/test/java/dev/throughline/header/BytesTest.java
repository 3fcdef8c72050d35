package dev.throughline.header;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BytesTest {
    private final Bytes whole = Bytes.ofHex("00010203040506070809");

    @Test
    void aPartIsTheBytesFromItsOffset() {
        assertThat(whole.part(2, 3)).isEqualTo(Bytes.ofHex("020304"));
        assertThat(whole.part(2, 5).part(1, 2)).hasToString("0304");
        assertThat(whole.part(10, 0)).isEqualTo(Bytes.EMPTY);
    }

    /** A slice shares memory with the whole, but gives no access to the bytes around it. */
    @ParameterizedTest
    @CsvSource({"0, 4", "3, 1", "-1, 1", "4, 0", "1, -1"})
    void nothingBesideAPartIsReadThroughIt(int offset, int size) {
        Bytes part = whole.part(4, 3);

        assertThatThrownBy(() -> part.part(offset, size)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void noByteBesideAPartIsReadThroughIt() {
        Bytes part = whole.part(4, 3);

        assertThat(part.at(2)).isEqualTo(6);
        assertThatThrownBy(() -> part.at(3)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> part.at(-1)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @ParameterizedTest
    @CsvSource({"0, 5", "5, 1", "-1, 1", "1, -1"})
    void aCopyIsNotFilledUpWithWhatIsNotThere(int offset, int length) {
        assertThatThrownBy(() -> Bytes.copyOf(new byte[4], offset, length))
                .isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void aTlvHasATypeOfOneByteAndALengthOfTwo() {
        Bytes longest = Bytes.copyOf(new byte[0xFFFF]);
        assertThat(new Tlv(0, Bytes.EMPTY).type()).isZero();
        assertThat(new Tlv(0xFF, longest).value()).isEqualTo(longest);
        assertThatThrownBy(() -> new Tlv(0x100, Bytes.EMPTY)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Tlv(-1, Bytes.EMPTY)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Tlv(0, Bytes.copyOf(new byte[0x10000])))
                .isInstanceOf(IllegalArgumentException.class);
    }
}

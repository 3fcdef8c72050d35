package dev.throughline.platform.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class BtfTest {
    private static final String NAMES = "\0outer\0plain\0bits\0inner\0";
    private static final int OUTER = 1;
    private static final int PLAIN = 7;
    private static final int BITS = 13;
    private static final int INNER = 18;

    /** struct outer { u32 plain; struct { u32 inner; }; u32 bits : 3, at bit 65; }. */
    private static byte[] types() {
        ByteBuffer types = ByteBuffer.allocate(16 + 24 + 48).order(ByteOrder.nativeOrder());
        type(types, 0, 1 << 24, 4).putInt(32);
        type(types, 0, 4 << 24 | 1, 4).putInt(INNER).putInt(1).putInt(0);
        type(types, OUTER, 1 << 31 | 4 << 24 | 3, 12);
        types.putInt(PLAIN).putInt(1).putInt(0);
        types.putInt(0).putInt(2).putInt(32);
        types.putInt(BITS).putInt(1).putInt(3 << 24 | 65);
        byte[] names = NAMES.getBytes(StandardCharsets.US_ASCII);
        return ByteBuffer.allocate(24 + types.capacity() + names.length)
                .order(ByteOrder.nativeOrder())
                .putShort((short) 0xEB9F)
                .put((byte) 1)
                .put((byte) 0)
                .putInt(24)
                .putInt(0)
                .putInt(types.capacity())
                .putInt(types.capacity())
                .putInt(names.length)
                .put(types.array())
                .put(names)
                .array();
    }

    private static ByteBuffer type(ByteBuffer out, int name, int info, int size) {
        return out.putInt(name).putInt(info).putInt(size);
    }

    @Test
    void membersAreFoundWithThoseOfNamelessStructures() throws IOException {
        Btf btf = Btf.parse(types());
        assertThat(btf.offset("outer", "plain")).hasValue(0);
        assertThat(btf.offset("outer", "inner")).hasValue(4);
    }

    @Test
    void aMissingMemberOrBitFieldHasNoOffset() throws IOException {
        Btf btf = Btf.parse(types());
        assertThat(btf.offset("outer", "bits")).isEqualTo(OptionalInt.empty());
        assertThat(btf.offset("outer", "other")).isEmpty();
        assertThat(btf.offset("other", "plain")).isEmpty();
    }

    @Test
    void truncatedOrForeignTypeDataIsRefused() {
        byte[] whole = types();
        int endOfTypes = whole.length - NAMES.length();
        for (int length = 0; length < endOfTypes; length++) {
            byte[] cut = Arrays.copyOf(whole, length);
            assertThatThrownBy(() -> Btf.parse(cut)).as(length + " bytes").isInstanceOf(IOException.class);
        }
        byte[] other = whole.clone();
        other[0] ^= 1;
        assertThatThrownBy(() -> Btf.parse(other)).hasMessageStartingWith("no BTF: magic");
        byte[] kind = whole.clone();
        kind[24 + 7] = 31;
        assertThatThrownBy(() -> Btf.parse(kind)).hasMessageContaining("unknown kind 31");
    }

    @Test
    void theKernelsOwnTypesAreRead() throws IOException {
        assumeTrue(Files.isReadable(Btf.KERNEL));
        Btf kernel = Btf.read(Btf.KERNEL);
        assertThat(kernel.offset("task_struct", "group_leader")).isPresent();
        assertThat(kernel.offset("mm_struct", "exe_file")).isPresent();
    }
}

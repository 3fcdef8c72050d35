package dev.throughline.platform.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;

class AttributesTest {
    @Test
    void attributesAreFoundBehindPaddingAndInsideNests() {
        ByteBuffer run = buffer();
        Attributes.put(run, 1, new byte[] {7});
        int nest = Attributes.begin(run, 2);
        Attributes.put(run, 3, new byte[] {8, 9});
        Attributes.end(run, nest);
        run.flip();

        assertThat(Attributes.bytes(run, 1, 1)).contains(new byte[] {7});
        assertThat(Attributes.find(run, 2).flatMap(inner -> Attributes.bytes(inner, 3, 2)))
                .contains(new byte[] {8, 9});
        assertThat(Attributes.find(run, 4)).isEmpty();
        assertThat(Attributes.bytes(run, 1, 2)).isEmpty();
    }

    @Test
    void lengthsThatLieEndTheRun() {
        for (int length : new int[] {0, 3, 9, 0xffff}) {
            ByteBuffer run = buffer().putShort((short) length)
                    .putShort((short) 1)
                    .putInt(0)
                    .flip();
            assertThat(Attributes.find(run, 1)).as("length %d", length).isEmpty();
            assertThat(Attributes.find(run, 2)).as("length %d", length).isEmpty();
        }
    }

    private static ByteBuffer buffer() {
        return ByteBuffer.allocate(64).order(ByteOrder.nativeOrder());
    }
}

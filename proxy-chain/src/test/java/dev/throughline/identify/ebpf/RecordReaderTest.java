package dev.throughline.identify.ebpf;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What is used again is never that of another process, program, user or socket. */
class RecordReaderTest {
    private final RecordReader reader = new RecordReader();
    private final byte[] bytes = new byte[ConnectRecord.BYTES];

    RecordReaderTest() {
        new Random(1).nextBytes(bytes);
        bytes[ConnectRecord.SOCKET_KNOWN] |= 1;
    }

    private static ByteBuffer buffer(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
    }

    @Test
    void readsARecordThatDiffersInOneByte() {
        ConnectRecord first = reader.apply(buffer(bytes));
        assertThat(first).isEqualTo(ConnectRecord.read(buffer(bytes)));
        for (int i = 0; i < bytes.length; i++) {
            byte[] other = bytes.clone();
            other[i] ^= 0x11;
            assertThat(reader.apply(buffer(other))).as("byte %d", i).isEqualTo(ConnectRecord.read(buffer(other)));
            assertThat(reader.apply(buffer(bytes))).as("byte %d", i).isEqualTo(first);
        }
    }

    @Test
    void usesTheSameObjectsForAnotherSocketOfAProcess() {
        ConnectRecord first = reader.apply(buffer(bytes));
        ByteBuffer next = buffer(bytes.clone()).putLong(ConnectRecord.COOKIE, 2).putLong(ConnectRecord.BOOT, 3);
        ConnectRecord second = reader.apply(next);
        assertThat(second.cookie()).isEqualTo(2);
        assertThat(second.bootNanos()).isEqualTo(3);
        assertThat(second.process()).isSameAs(first.process());
        assertThat(second.parent()).isSameAs(first.parent());
    }

    @Test
    void keepsNothingOfTheBuffer() {
        ByteBuffer in = buffer(bytes.clone());
        ConnectRecord first = reader.apply(in);
        for (int i = 0; i < bytes.length; i++) {
            in.put(i, (byte) 0);
        }
        assertThat(first).isEqualTo(ConnectRecord.read(buffer(bytes)));
        assertThat(reader.apply(buffer(bytes))).isEqualTo(first);
    }
}

package dev.throughline.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class BulkStreamTest {
    /** Accepts at most this number of bytes at once, so that writes end within blocks. */
    private static final int PART = 10_007;

    private final ByteArrayOutputStream sent = new ByteArrayOutputStream();
    private final BulkStream.Sender sender = new BulkStream.Sender();
    private final BulkStream.Receiver receiver = new BulkStream.Receiver();

    private byte[] stream(int writes) throws IOException {
        for (int i = 0; i < writes; i++) {
            assertThat(sender.write(channel())).isFalse();
        }
        sender.stop();
        while (!sender.write(channel())) {
            assertThat(sent.size()).isLessThan(10 * BulkStream.BLOCK);
        }
        return sent.toByteArray();
    }

    private WritableByteChannel channel() {
        WritableByteChannel target = Channels.newChannel(sent);
        return new WritableByteChannel() {
            @Override
            public int write(ByteBuffer source) throws IOException {
                int length = Math.min(PART, source.remaining());
                ByteBuffer part = source.slice(source.position(), length);
                source.position(source.position() + length);
                return target.write(part);
            }

            @Override
            public boolean isOpen() {
                return true;
            }

            @Override
            public void close() {}
        };
    }

    @Test
    void receiverAcceptsWhatWasSentInAnyParts() throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(stream(20));
        while (bytes.hasRemaining()) {
            assertThat(receiver.isComplete()).isFalse();
            int length = Math.min(bytes.remaining(), 777);
            receiver.accept(bytes.slice(bytes.position(), length));
            bytes.position(bytes.position() + length);
        }

        assertThat(receiver.isComplete()).isTrue();
        assertThat(receiver.bytes()).isEqualTo(sender.bytes()).isEqualTo(4L * BulkStream.BLOCK);
    }

    @Test
    void aStreamMayHaveNoBlock() throws IOException {
        receiver.accept(ByteBuffer.wrap(stream(0)));

        assertThat(receiver.isComplete()).isTrue();
        assertThat(receiver.bytes()).isZero();
    }

    @Test
    void receiverStopsAtTheEndOfTheStream() throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Arrays.copyOf(stream(1), sent.size() + 5));

        receiver.accept(bytes);

        assertThat(bytes.remaining()).isEqualTo(5);
    }

    @Test
    void receiverDetectsAChangedByte() throws IOException {
        byte[] bytes = stream(10);
        bytes[70_000] ^= 1;

        assertThatThrownBy(() -> receiver.accept(ByteBuffer.wrap(bytes)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("byte 70000 ");
    }

    @Test
    void receiverDetectsALostBlock() throws IOException {
        byte[] bytes = stream(20);

        assertThatThrownBy(() ->
                        receiver.accept(ByteBuffer.wrap(bytes, BulkStream.BLOCK, bytes.length - BulkStream.BLOCK)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("received 196608 bytes");
    }
}

package dev.throughline.transport;

import dev.throughline.bridge.BridgeAnswer;
import dev.throughline.header.Bytes;
import io.netty.buffer.ByteBuf;
import java.util.Optional;

/**
 * Takes what an agent says off the front of a connection, however it was split, and not a byte more: what follows
 * <em>connected</em> is the flow's.
 */
final class AnswerReader {
    private final byte[] received = new byte[BridgeAnswer.PREFIX_BYTES + BridgeAnswer.MAX_CONTENT_BYTES];
    private int length;

    /** The next answer, as soon as all of it is here: complete or malformed. The bytes behind it stay in {@code data}. */
    Optional<BridgeAnswer.Read> next(ByteBuf data) {
        while (true) {
            BridgeAnswer.Read read = BridgeAnswer.read(Bytes.copyOf(received, 0, length));
            if (!(read instanceof BridgeAnswer.Read.NeedMore(int total))) {
                length = 0;
                return Optional.of(read);
            }
            if (!data.isReadable()) {
                return Optional.empty();
            }
            int taken = Math.min(total - length, data.readableBytes());
            data.readBytes(received, length, taken);
            length += taken;
        }
    }
}

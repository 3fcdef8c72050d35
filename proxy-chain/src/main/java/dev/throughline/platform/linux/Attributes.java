package dev.throughline.platform.linux;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;

/**
 * A run of netlink attributes (netlink(7), linux/netlink.h struct nlattr): 16 bits of length, header included, 16 bits of
 * type, the value, and padding to 4 bytes.
 */
final class Attributes {
    private static final int NESTED = 0x8000;
    private static final int TYPE_MASK = 0x3fff;

    private Attributes() {}

    static void put(ByteBuffer target, int type, byte[] value) {
        target.putShort((short) (4 + value.length)).putShort((short) type).put(value);
        while (target.position() % 4 != 0) {
            target.put((byte) 0);
        }
    }

    /** Starts a nested attribute and returns its position for {@link #end}. */
    static int begin(ByteBuffer target, int type) {
        int start = target.position();
        target.putShort((short) 0).putShort((short) (type | NESTED));
        return start;
    }

    static void end(ByteBuffer target, int start) {
        target.putShort(start, (short) (target.position() - start));
    }

    /**
     * Returns the value of the first attribute of {@code type} in the rest of {@code run}; stops at a malformed length.
     */
    static Optional<ByteBuffer> find(ByteBuffer run, int type) {
        int at = run.position();
        while (at + 4 <= run.limit()) {
            int length = Short.toUnsignedInt(run.getShort(at));
            if (length < 4 || at + length > run.limit()) {
                return Optional.empty();
            }
            if ((run.getShort(at + 2) & TYPE_MASK) == type) {
                return Optional.of(run.slice(at + 4, length - 4).order(ByteOrder.nativeOrder()));
            }
            at += (length + 3) & ~3;
        }
        return Optional.empty();
    }

    /** Returns the value of the first attribute of {@code type} if it has exactly {@code size} bytes. */
    static Optional<byte[]> bytes(ByteBuffer run, int type, int size) {
        return find(run, type).filter(value -> value.limit() == size).map(value -> {
            byte[] bytes = new byte[size];
            value.get(0, bytes);
            return bytes;
        });
    }
}

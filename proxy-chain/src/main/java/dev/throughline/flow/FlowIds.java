package dev.throughline.flow;

import dev.throughline.originator.FlowId;
import io.netty.util.concurrent.FastThreadLocal;
import java.nio.ByteBuffer;
import java.security.SecureRandom;

/** Random ids of flows. Each thread takes random bytes for many at once, since a single request costs about as much. */
public final class FlowIds {
    private static final int BYTES = 64 * 2 * Long.BYTES;

    private final SecureRandom random;
    private final FastThreadLocal<ByteBuffer> unused = new FastThreadLocal<>() {
        @Override
        protected ByteBuffer initialValue() {
            return ByteBuffer.allocate(0);
        }
    };

    /** Creates ids from {@code random}. */
    public FlowIds(SecureRandom random) {
        this.random = random;
    }

    FlowId next() {
        ByteBuffer bytes = unused.get();
        if (!bytes.hasRemaining()) {
            byte[] drawn = new byte[BYTES];
            random.nextBytes(drawn);
            bytes = ByteBuffer.wrap(drawn);
            unused.set(bytes);
        }
        return new FlowId(bytes.getLong(), bytes.getLong());
    }
}

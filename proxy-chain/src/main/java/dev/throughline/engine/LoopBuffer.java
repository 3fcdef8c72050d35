package dev.throughline.engine;

import io.netty.util.concurrent.FastThreadLocal;
import java.nio.ByteBuffer;

/** A buffer for one read and write, shared by all connections of an event loop. Its content doesn't outlast a call. */
public final class LoopBuffer {
    /** Its size in bytes. */
    public static final int BYTES = 64 << 10;

    private static final FastThreadLocal<ByteBuffer> BUFFERS = new FastThreadLocal<>() {
        @Override
        protected ByteBuffer initialValue() {
            return ByteBuffer.allocateDirect(BYTES);
        }
    };

    private LoopBuffer() {}

    /** Returns the buffer of this thread, empty. */
    public static ByteBuffer empty() {
        return BUFFERS.get().clear();
    }
}

package dev.throughline.identify.ebpf;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A reader of connect records. The records of one process differ in socket and time only, so what it read for the last one is used
 * again, and it has the same objects. Thread-safe without locks.
 */
final class RecordReader implements Function<ByteBuffer, ConnectRecord> {
    /** A power of two. */
    private static final int MAX_KNOWN = 64;

    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());

    /** A record, and the bytes from which it was read. Immutable, so that threads may exchange it through an array. */
    private static final class Known {
        private final byte[] bytes;
        private final ConnectRecord record;

        Known(byte[] bytes, ConnectRecord record) {
            this.bytes = bytes;
            this.record = record;
        }

        /** Returns whether other bytes differ at most in socket and time. */
        boolean isOfSameProcess(byte[] other) {
            return isSame(other, 0, ConnectRecord.BOOT)
                    && isSame(other, ConnectRecord.NETNS, ConnectRecord.COOKIE)
                    && isSame(other, ConnectRecord.EXEC_ID, ConnectRecord.BYTES);
        }

        private boolean isSame(byte[] other, int from, int to) {
            return Arrays.equals(bytes, from, to, other, from, to);
        }
    }

    /** By pid. Another process, or thread of the process, replaces an entry. */
    private final @Nullable Known[] known = new Known[MAX_KNOWN];

    /** Reads a record. */
    @Override
    public ConnectRecord apply(ByteBuffer in) {
        byte[] bytes = new byte[ConnectRecord.BYTES];
        in.get(0, bytes);
        int slot = (int) ((long) LONG.get(bytes, ConnectRecord.PID_TGID) >>> Integer.SIZE) & (MAX_KNOWN - 1);
        Known last = known[slot];
        if (last != null && last.isOfSameProcess(bytes)) {
            return last.record.again(
                    (long) LONG.get(bytes, ConnectRecord.COOKIE), (long) LONG.get(bytes, ConnectRecord.BOOT));
        }
        ConnectRecord record = ConnectRecord.read(in);
        known[slot] = new Known(bytes, record);
        return record;
    }
}

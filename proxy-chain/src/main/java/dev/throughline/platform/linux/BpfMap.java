package dev.throughline.platform.linux;

import static com.google.common.base.Preconditions.checkArgument;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A table in the kernel that eBPF programs write and this process reads (bpf(2)). It exists as long as a descriptor, a
 * program or a pinned name refers to it. Thread-safe; a lookup takes less than a microsecond.
 */
public final class BpfMap implements AutoCloseable {
    /** The type of a table (linux/bpf.h, enum bpf_map_type). */
    public enum Type {
        /** Evicts the least recently used entries when full. */
        LRU_HASH(9);

        private final int number;

        Type(int number) {
            this.number = number;
        }
    }

    /**
     * The dimensions of a table.
     *
     * @param keyBytes size of a key
     * @param valueBytes size of a value
     * @param capacity maximum number of entries; their memory is allocated at once
     */
    public record Shape(Type type, int keyBytes, int valueBytes, int capacity) {}

    private static final int INFO_BYTES = 80;

    /** A power of two. */
    private static final int LOOKUPS = 8;

    private final int fd;
    private final Shape shape;
    /**
     * Used by threads by their ids, so that event loops rarely wait for each other. Each is created by its first use and locked
     * during a lookup.
     */
    private final @Nullable Lookup[] lookups = new Lookup[LOOKUPS];

    private volatile boolean closed;

    /** The call of a lookup: its attributes never change. */
    private static final class Lookup {
        private final Bpf call = new Bpf();
        private final ByteBuffer key;
        private final ByteBuffer value;

        Lookup(int fd, Shape shape) {
            MemorySegment keys = Arena.ofAuto().allocate(shape.keyBytes, 8);
            MemorySegment values = Arena.ofAuto().allocate(shape.valueBytes, 8);
            this.key = keys.asByteBuffer();
            this.value = values.asByteBuffer().order(ByteOrder.nativeOrder());
            call.begin().set(0, fd).set(8, keys).set(16, values);
        }
    }

    private BpfMap(int fd, Shape shape) {
        this.fd = fd;
        this.shape = shape;
    }

    /**
     * Creates a table.
     *
     * @param name at most 15 letters, digits and underscores
     * @throws OsException if the kernel refuses it, with EPERM without CAP_BPF
     */
    public static BpfMap create(Shape shape, String name) throws OsException {
        int fd = new Bpf()
                .begin()
                .set(0, shape.type.number)
                .set(4, shape.keyBytes)
                .set(8, shape.valueBytes)
                .set(12, shape.capacity)
                .setName(28, name)
                .call(Bpf.MAP_CREATE, "bpf(MAP_CREATE)");
        return new BpfMap(fd, shape);
    }

    /**
     * Opens a table that is pinned in a BPF file system.
     *
     * @throws OsException if there is none, or it has other dimensions
     */
    public static BpfMap open(Path pinned, Shape shape) throws OsException {
        BpfMap map = new BpfMap(Bpf.open(pinned), shape);
        try {
            map.checkShape();
            return map;
        } catch (OsException e) {
            map.close();
            throw e;
        }
    }

    /** Checks the dimensions: another table would be misread. */
    private void checkShape() throws OsException {
        ByteBuffer found = Bpf.info(fd, INFO_BYTES);
        if (found.getInt(0) != shape.type.number
                || found.getInt(8) != shape.keyBytes
                || found.getInt(12) != shape.valueBytes) {
            throw new OsException("bpf(OBJ_GET): a table with other dimensions", Errno.EINVAL);
        }
    }

    /** Pins the table in a BPF file system, so that it outlives this process. */
    public void pin(Path name) throws OsException {
        Bpf.pin(fd, name);
    }

    int fd() {
        return fd;
    }

    /**
     * Returns the value of a key.
     *
     * @param <T> type of the result
     * @param wanted the key
     * @param reader reads the value, in native byte order; must not keep the buffer
     * @return what {@code reader} returned; empty if there is no value
     * @throws OsException if the kernel can't be queried
     */
    public <T> Optional<T> find(byte[] wanted, Function<ByteBuffer, T> reader) throws OsException {
        checkArgument(wanted.length == shape.keyBytes, "a key has %s bytes", shape.keyBytes);
        int slot = (int) Thread.currentThread().threadId() & (LOOKUPS - 1);
        Lookup known = lookups[slot];
        Lookup lookup = known != null ? known : newLookup(slot);
        synchronized (lookup) {
            if (closed) {
                // The number of a closed descriptor may belong to another file.
                throw new OsException("bpf(MAP_LOOKUP_ELEM)", Errno.EBADF);
            }
            lookup.key.put(0, wanted);
            if (lookup.call.lookUpAgain() == 0) {
                return Optional.of(reader.apply(lookup.value));
            }
            if (lookup.call.errno() == Errno.ENOENT) {
                return Optional.empty();
            }
            throw new OsException("bpf(MAP_LOOKUP_ELEM)", lookup.call.errno());
        }
    }

    private synchronized Lookup newLookup(int slot) {
        Lookup known = lookups[slot];
        if (known == null) {
            known = new Lookup(fd, shape);
            lookups[slot] = known;
        }
        return known;
    }

    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        for (Lookup lookup : lookups) {
            if (lookup != null) {
                synchronized (lookup) {
                    // A lookup that started before has ended; a later one finds the table closed.
                }
            }
        }
        new Libc().close(fd);
    }
}

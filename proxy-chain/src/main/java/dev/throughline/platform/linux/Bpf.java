package dev.throughline.platform.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.OptionalInt;

/** Access to bpf(2) with its own errno and attribute block (linux/bpf.h, union bpf_attr). Not thread-safe. */
final class Bpf {
    static final int MAP_CREATE = 0;
    static final int MAP_LOOKUP_ELEM = 1;
    static final int PROG_LOAD = 5;
    static final int OBJ_PIN = 6;
    static final int OBJ_GET = 7;
    static final int OBJ_GET_INFO_BY_FD = 15;
    static final int RAW_TRACEPOINT_OPEN = 17;
    static final int LINK_CREATE = 28;

    private static final int ATTRIBUTE_BYTES = 128;
    private static final int NAME_BYTES = 16;
    private static final OptionalInt NUMBER = number(System.getProperty("os.arch"));

    private static final MemorySegment NUMBER_WORD = Libc.word(NUMBER.orElse(0));
    private static final MemorySegment LOOKUP_WORD = Libc.word(MAP_LOOKUP_ELEM);
    private static final MemorySegment SIZE_WORD = Libc.word(ATTRIBUTE_BYTES);

    private final Arena arena = Arena.ofAuto();
    private final Libc libc = new Libc();
    private final MemorySegment attributes = arena.allocate(ATTRIBUTE_BYTES, 8);

    /** Returns the number of the system call; the C library has no wrapper. */
    private static OptionalInt number(String architecture) {
        return switch (architecture) {
            case "amd64" -> OptionalInt.of(321);
            case "aarch64" -> OptionalInt.of(280);
            default -> OptionalInt.empty();
        };
    }

    /** Clears all attributes for a new call. */
    Bpf begin() {
        attributes.fill((byte) 0);
        return this;
    }

    Bpf set(int offset, int value) {
        attributes.set(JAVA_INT, offset, value);
        return this;
    }

    Bpf set(int offset, MemorySegment pointer) {
        attributes.set(JAVA_LONG, offset, pointer.address());
        return this;
    }

    /** Sets a name of at most 15 characters, which bpftool(8) shows. */
    Bpf setName(int offset, String name) {
        byte[] bytes = name.getBytes(StandardCharsets.US_ASCII);
        MemorySegment.copy(MemorySegment.ofArray(bytes), 0, attributes, offset, Math.min(bytes.length, NAME_BYTES - 1));
        return this;
    }

    /**
     * Makes the call.
     *
     * @return a descriptor or 0
     * @throws OsException with {@code what} as the name of the call
     */
    int call(int command, String what) throws OsException {
        int result = tryCall(command);
        if (result < 0) {
            throw new OsException(what, errno());
        }
        return result;
    }

    /** Makes the call; negative if it failed, with the reason in {@link #errno}. */
    int tryCall(int command) {
        if (NUMBER.isEmpty()) {
            libc.fail(Errno.ENOSYS);
            return -1;
        }
        return (int) libc.syscall(NUMBER_WORD, Libc.word(command), attributes, SIZE_WORD);
    }

    /** Makes a lookup with the attributes of the last one, in a table that exists; as {@link #tryCall}. */
    int lookUpAgain() {
        return (int) libc.syscall(NUMBER_WORD, LOOKUP_WORD, attributes, SIZE_WORD);
    }

    int errno() {
        return libc.errno();
    }

    /** Returns the first {@code bytes} bytes of the kernel's information about an object, in native byte order. */
    static ByteBuffer info(int fd, int bytes) throws OsException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment info = arena.allocate(bytes, 8);
            new Bpf().begin().set(0, fd).set(4, bytes).set(8, info).call(OBJ_GET_INFO_BY_FD, "bpf(OBJ_GET_INFO_BY_FD)");
            return ByteBuffer.wrap(info.toArray(JAVA_BYTE)).order(ByteOrder.nativeOrder());
        }
    }

    static void pin(int fd, Path path) throws OsException {
        try (Arena arena = Arena.ofConfined()) {
            new Bpf()
                    .begin()
                    .set(0, arena.allocateFrom(path.toString()))
                    .set(8, fd)
                    .call(OBJ_PIN, "bpf(OBJ_PIN)");
        }
    }

    static int open(Path path) throws OsException {
        try (Arena arena = Arena.ofConfined()) {
            return new Bpf().begin().set(0, arena.allocateFrom(path.toString())).call(OBJ_GET, "bpf(OBJ_GET)");
        }
    }
}

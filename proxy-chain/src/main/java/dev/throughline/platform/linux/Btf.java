package dev.throughline.platform.linux;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;

/**
 * The type information of the running kernel (Documentation/bpf/btf.rst), for the offsets of structure members, which
 * differ between kernels.
 */
public final class Btf {
    /** The kernel's own type information. */
    public static final Path KERNEL = Path.of("/sys/kernel/btf/vmlinux");

    private static final int MAGIC = 0xEB9F;
    private static final int STRUCT = 4;
    private static final int UNION = 5;
    private static final int TYPE_BYTES = 12;
    private static final int MEMBER_BYTES = 12;

    private final ByteBuffer bytes;
    private final int strings;
    /** The offset of each type; type 0 is void. */
    private final int[] types;

    private final Map<String, Integer> structures = new HashMap<>();

    private Btf(ByteBuffer bytes) throws IOException {
        this.bytes = bytes;
        if (bytes.getShort(0) != (short) MAGIC) {
            throw new IOException("no BTF: magic " + Integer.toHexString(bytes.getShort(0) & 0xFFFF));
        }
        int header = bytes.getInt(4);
        int at = header + bytes.getInt(8);
        int end = at + bytes.getInt(12);
        this.strings = header + bytes.getInt(16);
        if (end < at || end > bytes.limit()) {
            throw new IOException("truncated BTF");
        }
        int[] found = new int[(end - at) / TYPE_BYTES + 1];
        found[0] = -1;
        int count = 1;
        while (at < end) {
            found[count++] = at;
            int kind = kind(at);
            if (kind == STRUCT && bytes.getInt(at) != 0) {
                structures.putIfAbsent(string(bytes.getInt(at)), at);
            }
            at += TYPE_BYTES + extraBytes(kind, bytes.getInt(at + 4) & 0xFFFF);
        }
        this.types = found;
    }

    /**
     * Parses a BTF file.
     *
     * @throws IOException if it can't be read, or isn't BTF
     */
    public static Btf read(Path file) throws IOException {
        return parse(Files.readAllBytes(file));
    }

    static Btf parse(byte[] bytes) throws IOException {
        try {
            return new Btf(ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder()));
        } catch (IndexOutOfBoundsException | BufferUnderflowException e) {
            throw new IOException("truncated BTF", e);
        }
    }

    /**
     * Returns the offset of a member in a structure, including members of its anonymous structures and unions.
     *
     * @return the offset in bytes; empty if this kernel has no such structure or member, or it doesn't start at a byte
     */
    public OptionalInt offset(String structure, String member) {
        Integer at = structures.get(structure);
        return at == null ? OptionalInt.empty() : find(at, member);
    }

    private OptionalInt find(int structure, String member) {
        int info = bytes.getInt(structure + 4);
        // With the flag, the lower 24 bits are the offset and the rest the size of a bit field.
        int mask = info < 0 ? 0xFF_FFFF : -1;
        for (int i = 0; i < (info & 0xFFFF); i++) {
            int at = structure + TYPE_BYTES + i * MEMBER_BYTES;
            int bits = bytes.getInt(at + 8) & mask;
            String name = string(bytes.getInt(at));
            if (name.equals(member)) {
                return bits % 8 == 0 ? OptionalInt.of(bits / 8) : OptionalInt.empty();
            }
            int type = types[bytes.getInt(at + 4)];
            if (name.isEmpty() && type >= 0 && (kind(type) == STRUCT || kind(type) == UNION)) {
                OptionalInt inside = find(type, member);
                if (inside.isPresent()) {
                    return OptionalInt.of(bits / 8 + inside.getAsInt());
                }
            }
        }
        return OptionalInt.empty();
    }

    private int kind(int at) {
        return bytes.getInt(at + 4) >> 24 & 0x1F;
    }

    /** Returns the size of the data after a type of this kind with {@code count} members. */
    private static int extraBytes(int kind, int count) throws IOException {
        return switch (kind) {
            case 2, 7, 8, 9, 10, 11, 12, 16, 18 -> 0;
            case 1, 14, 17 -> 4;
            case 3 -> 12;
            case STRUCT, UNION, 15, 19 -> 12 * count;
            case 6, 13 -> 8 * count;
            default -> throw new IOException("BTF with types of unknown kind " + kind);
        };
    }

    private String string(int offset) {
        StringBuilder text = new StringBuilder();
        for (int at = strings + offset; bytes.get(at) != 0; at++) {
            text.append((char) bytes.get(at));
        }
        return text.toString();
    }
}

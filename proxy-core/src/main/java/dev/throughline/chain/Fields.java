package dev.throughline.chain;

import dev.throughline.header.Bytes;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * The fields of a core or a detail: tag (1 byte), length (2), value; tags strictly ascending, so that one set of fields
 * has one encoding. A tag of 0x80 or more that isn't known rejects, one below is passed over: whoever adds a field
 * decides which of the two it must be.
 */
final class Fields {
    static final int CRITICAL = 0x80;

    /** A value and where it begins. */
    private record Field(int offset, Bytes value) {}

    private final NavigableMap<Integer, Field> fields;

    private Fields(NavigableMap<Integer, Field> fields) {
        this.fields = fields;
    }

    static Fields read(Cursor in, String what, Set<Integer> known) throws WireException {
        NavigableMap<Integer, Field> fields = new TreeMap<>();
        while (!in.atEnd()) {
            int start = in.offset();
            int tag = in.u8("a tag of " + what);
            if (!fields.isEmpty() && tag <= fields.lastKey()) {
                throw new WireException(
                        start, "tag " + tag + " of " + what + " after " + fields.lastKey() + ": tags ascend");
            }
            if (tag >= CRITICAL && !known.contains(tag)) {
                throw new WireException(start, "critical tag " + tag + " of " + what + " isn't known to this version");
            }
            int length = in.u16("the length of tag " + tag + " of " + what);
            int offset = in.offset();
            fields.put(tag, new Field(offset, in.take(length, "tag " + tag + " of " + what)));
        }
        return new Fields(fields);
    }

    /** A field that must be there, of exactly {@code size} bytes. */
    Cursor required(int tag, int size, String name, int at) throws WireException {
        return optional(tag, size, name)
                .orElseThrow(() -> new WireException(at, "the " + name + " (tag " + tag + ") is missing"));
    }

    Optional<Cursor> optional(int tag, int size, String name) throws WireException {
        Field field = fields.get(tag);
        if (field == null) {
            return Optional.empty();
        }
        if (field.value.length() != size) {
            throw new WireException(
                    field.offset, "the " + name + " has " + size + " bytes, found " + field.value.length());
        }
        return Optional.of(new Cursor(field.value.toByteArray(), 0, size));
    }

    Optional<Bytes> bytes(int tag, int size, String name) throws WireException {
        return optional(tag, size, name).map(cursor -> Bytes.copyOf(cursor.array()));
    }

    /** A field whose value decides its own size. */
    Optional<Bytes> raw(int tag) {
        return Optional.ofNullable(fields.get(tag)).map(Field::value);
    }

    int offsetOf(int tag) {
        Field field = fields.get(tag);
        return field == null ? 0 : field.offset;
    }

    /** Text for people: UTF-8 without control characters, which would forge lines of logs and terminals. */
    Optional<String> text(int tag, String name) throws WireException {
        Field field = fields.get(tag);
        if (field == null) {
            return Optional.empty();
        }
        String text;
        try {
            text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(field.value.toByteArray()))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new WireException(field.offset, "the " + name + " is not UTF-8");
        }
        if (!isText(text)) {
            throw new WireException(field.offset, "the " + name + " is empty or holds a control character");
        }
        return Optional.of(text);
    }

    private static boolean isText(String text) {
        return !text.isEmpty() && text.chars().noneMatch(Character::isISOControl);
    }

    /** Collects fields in the order of their tags. */
    static final class Writer {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();
        private int last = -1;

        Writer put(int tag, byte[] value) {
            if (tag <= last || value.length > 0xFFFF) {
                throw new IllegalArgumentException("tag " + tag + " of " + value.length + " bytes after tag " + last);
            }
            last = tag;
            out.write(tag);
            out.write(value.length >> 8);
            out.write(value.length);
            out.writeBytes(value);
            return this;
        }

        Writer put(int tag, Optional<byte[]> value) {
            value.ifPresent(bytes -> put(tag, bytes));
            return this;
        }

        /** Text that a reader would refuse is left out: a name that its owner chose must not break the flow. */
        Writer putText(int tag, Optional<String> text) {
            return put(tag, text.filter(Fields::isText).map(t -> t.getBytes(StandardCharsets.UTF_8)));
        }

        boolean isEmpty() {
            return out.size() == 0;
        }

        byte[] toByteArray() {
            return out.toByteArray();
        }
    }
}

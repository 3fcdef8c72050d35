package dev.throughline.chain;

import dev.throughline.header.Bytes;
import dev.throughline.originator.PlainText;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The fields of a core or a detail: tag (1 byte), length (2), value. Tags are strictly ascending, so that a set of fields has
 * one encoding. Unknown tags of 0x80 or more are rejected, those below are ignored: the author of a new field decides which it
 * must be. This version defines no tag of 0x80 or more.
 */
final class Fields {
    static final int CRITICAL = 0x80;

    /** Size of tag (1 byte) and length (2 bytes) before each value. */
    static final int OVERHEAD = 3;

    /** An exclusive limit of the tags that this version defines. */
    private static final int KNOWN = 16;

    private static final int ANY = -1;

    /** Values by tag. Tags ascend, so no field can replace an earlier one. */
    private final @Nullable ByteReader[] values = new ByteReader[KNOWN];

    private Fields() {}

    /** Reads all fields of {@code in}. Unknown fields are skipped unless they are critical. */
    static Fields read(ByteReader in, String what) throws WireException {
        return read(in, what, ANY);
    }

    /** Reads fields strictly: any field whose bit isn't in {@code tags} is rejected. */
    static Fields readOnly(ByteReader in, String what, int tags) throws WireException {
        return read(in, what, tags);
    }

    private static Fields read(ByteReader in, String what, int tags) throws WireException {
        Fields fields = new Fields();
        // Tag 0 is not used.
        int last = 0;
        while (!in.atEnd()) {
            int start = in.offset();
            int tag = in.u8("a tag");
            if (tag <= last) {
                throw new WireException(start, "tag " + tag + " of " + what + " after " + last + ": tags ascend");
            }
            if (tag >= CRITICAL) {
                throw new WireException(start, "critical tag " + tag + " of " + what + " isn't known to this version");
            }
            if (tags != ANY && (tag >= KNOWN || (tags & 1 << tag) == 0)) {
                throw new WireException(start, "tag " + tag + " isn't allowed in " + what);
            }
            int length = in.u16("the length of a field");
            if (length > in.left()) {
                throw new WireException(
                        in.offset(),
                        "tag " + tag + " of " + what + ": expected " + length + " bytes, " + in.left() + " are left");
            }
            ByteReader value = in.part(length, "a field");
            if (tag < KNOWN) {
                fields.values[tag] = value;
            }
            last = tag;
        }
        return fields;
    }

    /** Returns a mandatory field of exactly {@code size} bytes. */
    ByteReader required(int tag, int size, String name, int at) throws WireException {
        return sized(required(tag, name, at), size, name);
    }

    /** Returns a mandatory field of variable size. */
    ByteReader required(int tag, String name, int at) throws WireException {
        ByteReader value = values[tag];
        if (value == null) {
            throw new WireException(at, "the " + name + " (tag " + tag + ") is missing");
        }
        return value;
    }

    Optional<ByteReader> optional(int tag, int size, String name) throws WireException {
        ByteReader value = values[tag];
        return value == null ? Optional.empty() : Optional.of(sized(value, size, name));
    }

    Optional<Bytes> bytes(int tag, int size, String name) throws WireException {
        Optional<ByteReader> field = optional(tag, size, name);
        return field.isPresent() ? Optional.of(field.get().rest()) : Optional.empty();
    }

    private static ByteReader sized(ByteReader value, int size, String name) throws WireException {
        if (value.left() != size) {
            throw new WireException(value.offset(), "the " + name + " has " + size + " bytes, found " + value.left());
        }
        return value;
    }

    /** Returns text for people: UTF-8 without characters that could forge log lines or look like other text. */
    Optional<String> text(int tag, String name) throws WireException {
        ByteReader value = values[tag];
        if (value == null) {
            return Optional.empty();
        }
        Optional<String> text = text(value.rest());
        if (text.isEmpty()) {
            throw new WireException(value.offset(), "the " + name + " is not UTF-8");
        }
        if (!isText(text.get())) {
            throw new WireException(
                    value.offset(), "the " + name + " is empty or has an invisible or control character");
        }
        return text;
    }

    private static Optional<String> text(Bytes value) {
        try {
            return Optional.of(
                    value.isAscii()
                            ? value.toUtf8()
                            : StandardCharsets.UTF_8
                                    .newDecoder()
                                    .decode(ByteBuffer.wrap(value.toByteArray()))
                                    .toString());
        } catch (CharacterCodingException e) {
            return Optional.empty();
        }
    }

    private static boolean isText(String text) {
        int codePoint;
        for (int i = 0; i < text.length(); i += Character.charCount(codePoint)) {
            codePoint = text.codePointAt(i);
            if (!PlainText.mayHold(codePoint)) {
                return false;
            }
        }
        return !text.isEmpty();
    }

    /** A writer for fields in the order of their tags. */
    static final class Writer {
        private byte[] out = new byte[128];
        private int size;
        private int last = -1;

        Writer put(int tag, byte[] value) {
            begin(tag, value.length);
            System.arraycopy(value, 0, out, size, value.length);
            size += value.length;
            return this;
        }

        /** Starts a field of {@code length} bytes. The caller writes them with the returned writer. */
        ByteWriter put(int tag, int length) {
            begin(tag, length);
            size += length;
            return new ByteWriter(out, size - length, size);
        }

        Writer putBytes(int tag, Optional<Bytes> value) {
            if (value.isPresent()) {
                Bytes bytes = value.get();
                begin(tag, bytes.length());
                bytes.copyInto(out, size);
                size += bytes.length();
            }
            return this;
        }

        /** Writes a text, unless a reader would reject it: a name that its owner chose must not break the flow. */
        Writer putText(int tag, Optional<String> text) {
            return text.isPresent() && isText(text.get())
                    ? put(tag, text.get().getBytes(StandardCharsets.UTF_8))
                    : this;
        }

        private void begin(int tag, int length) {
            if (tag <= last || length > 0xFFFF) {
                throw new IllegalArgumentException("tag " + tag + " of " + length + " bytes after tag " + last);
            }
            if (size + 3 + length > out.length) {
                out = Arrays.copyOf(out, 2 * (size + 3 + length));
            }
            last = tag;
            out[size++] = (byte) tag;
            out[size++] = (byte) (length >> 8);
            out[size++] = (byte) length;
        }

        boolean isEmpty() {
            return size == 0;
        }

        /** Returns the written fields. Nothing more can be written. */
        Bytes toBytes() {
            last = Integer.MAX_VALUE;
            return Bytes.wrap(out).part(0, size);
        }
    }
}

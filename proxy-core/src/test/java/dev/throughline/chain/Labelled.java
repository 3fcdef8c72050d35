package dev.throughline.chain;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/** Bytes in named parts, for tests that change one and for the annotations of vectors. */
final class Labelled {
    private static final int LINE_BYTES = 32;

    /** Bytes with a name; a lead (a tag, a length) is shown on the line of the following part. */
    record Part(String label, byte[] bytes, boolean lead) {}

    private final List<Part> parts = new ArrayList<>();

    Labelled put(String label, byte[] bytes) {
        if (bytes.length > 0) {
            parts.add(new Part(label, bytes.clone(), false));
        }
        return this;
    }

    Labelled lead(String label, int size, int value) {
        byte[] bytes = size == 1 ? new byte[] {(byte) value} : new byte[] {(byte) (value >> 8), (byte) value};
        parts.add(new Part(label, bytes, true));
        return this;
    }

    Labelled u8(String label, int value) {
        return put(label, new byte[] {(byte) value});
    }

    Labelled u16(String label, int value) {
        return put(label, new byte[] {(byte) (value >> 8), (byte) value});
    }

    Labelled putAll(Labelled other) {
        parts.addAll(other.parts);
        return this;
    }

    int size() {
        return parts.stream().mapToInt(part -> part.bytes.length).sum();
    }

    /** Returns the offset of the only part with this name. */
    int offsetOf(String label) {
        int at = 0;
        for (Part part : parts) {
            if (part.label.equals(label)) {
                return at;
            }
            at += part.bytes.length;
        }
        throw new AssertionError("no part \"" + label + "\" in\n" + dump());
    }

    /** Returns the bytes with other content of the only part with this name; enclosing lengths are unchanged. */
    Labelled replaced(String label, String hex) {
        offsetOf(label);
        Labelled copy = new Labelled();
        for (Part part : parts) {
            copy.parts.add(
                    part.label.equals(label) ? new Part(label, HexFormat.of().parseHex(hex), part.lead) : part);
        }
        return copy;
    }

    /** Returns the parts from {@code from} to {@code to}; a part that is split keeps its name. */
    Labelled slice(int from, int to) {
        Labelled slice = new Labelled();
        int at = 0;
        for (Part part : parts) {
            int start = Math.max(from, at);
            int end = Math.min(to, at + part.bytes.length);
            if (start < end) {
                String label = start > at ? part.label + ", continued" : part.label;
                byte[] bytes = Arrays.copyOfRange(part.bytes, start - at, end - at);
                slice.parts.add(new Part(label, bytes, part.lead));
            }
            at += part.bytes.length;
        }
        return slice;
    }

    byte[] toByteArray() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        parts.forEach(part -> out.writeBytes(part.bytes));
        return out.toByteArray();
    }

    /** Returns a line for each part with its lead, in hex, at most 32 bytes of a part on a line. */
    String dump() {
        StringBuilder text = new StringBuilder();
        StringBuilder line = new StringBuilder();
        for (Part part : parts) {
            if (part.lead) {
                line.append(HexFormat.of().formatHex(part.bytes)).append(' ');
                continue;
            }
            for (int at = 0; at < part.bytes.length; at += LINE_BYTES) {
                line.append(HexFormat.of().formatHex(part.bytes, at, Math.min(part.bytes.length, at + LINE_BYTES)));
                text.append(at == 0 ? String.format("%-26s # %s", line, part.label) : line)
                        .append('\n');
                line.setLength(0);
            }
        }
        return text + (line.isEmpty() ? "" : line.toString().stripTrailing() + "\n");
    }
}

package dev.throughline.chain;

import dev.throughline.header.Bytes;

/** A place in a run of bytes, from which values are read in order; it can't be moved beyond its end. */
final class ByteReader {
    private final Bytes bytes;
    private final int end;
    private int at;

    /** At the start of {@code bytes}. */
    ByteReader(Bytes bytes) {
        this(bytes, 0, bytes.length());
    }

    ByteReader(Bytes bytes, int from, int to) {
        this.bytes = bytes;
        this.at = from;
        this.end = to;
    }

    /** In bytes from where the outermost cursor began. */
    int offset() {
        return at;
    }

    int left() {
        return end - at;
    }

    boolean atEnd() {
        return at == end;
    }

    int u8(String what) throws WireException {
        return (int) unsigned(1, what);
    }

    int u16(String what) throws WireException {
        return (int) unsigned(2, what);
    }

    long u48(String what) throws WireException {
        return unsigned(6, what);
    }

    int i32(String what) throws WireException {
        return (int) unsigned(4, what);
    }

    long i64(String what) throws WireException {
        return unsigned(8, what);
    }

    Bytes take(int count, String what) throws WireException {
        need(count, what);
        at += count;
        return bytes.part(at - count, count);
    }

    /** What is left, without passing over it. */
    Bytes rest() {
        return bytes.part(at, end - at);
    }

    /** The next {@code count} bytes as a cursor of their own, passed over by this one. */
    ByteReader part(int count, String what) throws WireException {
        need(count, what);
        at += count;
        return new ByteReader(bytes, at - count, at);
    }

    void expect(int value, String what) throws WireException {
        int start = at;
        int found = u8(what);
        if (found != value) {
            throw new WireException(start, what + ": expected " + value + ", found " + found);
        }
    }

    void expectEnd(String what) throws WireException {
        if (!atEnd()) {
            throw new WireException(at, (end - at) + " bytes too many in " + what);
        }
    }

    private long unsigned(int size, String what) throws WireException {
        need(size, what);
        long value = 0;
        for (int i = 0; i < size; i++) {
            value = (value << 8) | bytes.at(at++);
        }
        return value;
    }

    private void need(int count, String what) throws WireException {
        if (end - at < count) {
            throw new WireException(at, what + ": expected " + count + " bytes, " + (end - at) + " are left");
        }
    }
}

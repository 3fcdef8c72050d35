package dev.throughline.chain;

import dev.throughline.header.Bytes;

/** A cursor that reads values in order from bytes and never moves beyond their end. */
final class ByteReader {
    private final Bytes bytes;
    private final int end;
    private int at;

    /** Creates a reader at the start of {@code bytes}. */
    ByteReader(Bytes bytes) {
        this(bytes, 0, bytes.length());
    }

    ByteReader(Bytes bytes, int from, int to) {
        this.bytes = bytes;
        this.at = from;
        this.end = to;
    }

    /** Returns the offset in bytes from the start of the outermost reader. */
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
        need(1, what);
        return bytes.at(at++);
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

    /** Returns the remaining bytes without reading them. */
    Bytes rest() {
        return bytes.part(at, end - at);
    }

    /** Reads {@code count} bytes and returns a reader of them. */
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
        at += size;
        return bytes.number(at - size, size);
    }

    private void need(int count, String what) throws WireException {
        if (end - at < count) {
            throw new WireException(at, what + ": expected " + count + " bytes, " + (end - at) + " are left");
        }
    }
}

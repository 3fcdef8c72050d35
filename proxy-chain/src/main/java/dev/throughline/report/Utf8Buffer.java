package dev.throughline.report;

import dev.throughline.header.Bytes;
import dev.throughline.header.Tuple;
import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;

/** A growing array of UTF-8 text. It encodes the values of JSON without intermediate strings. Not thread-safe. */
final class Utf8Buffer {
    private static final byte[] LOWER_HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] UPPER_HEX = "0123456789ABCDEF".getBytes(StandardCharsets.US_ASCII);
    /** Each number of this many digits is an int. */
    private static final int MAX_INT_DIGITS = 9;

    private static final int[] POWERS_OF_10 = {
        1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000
    };
    private static final int MAX_ESCAPE_BYTES = 6;
    /** Of an IPv4 address with the colon before the port. */
    private static final int MAX_IPV4_BYTES = 16;

    private static final int NANOS_PER_MILLI = 1_000_000;
    /** Between these, {@link Double#toString} writes milliseconds without an exponent. */
    private static final long FIRST_WITHOUT_EXPONENT = 1_000;

    private static final long FIRST_WITH_EXPONENT = 10_000_000L * NANOS_PER_MILLI;

    private byte[] bytes;
    private int length;
    /** The last second that was written, and its text without the final "Z". */
    private long second = Long.MIN_VALUE;

    private byte[] secondText = new byte[0];

    Utf8Buffer(int capacity) {
        this.bytes = new byte[capacity];
    }

    int length() {
        return length;
    }

    /** Removes everything after the first {@code newLength} bytes. */
    void truncate(int newLength) {
        length = newLength;
    }

    /** Removes everything, and releases memory beyond {@code capacity}. */
    void clear(int capacity) {
        length = 0;
        if (bytes.length > capacity) {
            bytes = new byte[capacity];
        }
    }

    int capacity() {
        return bytes.length;
    }

    /** Returns the array with the text, and possibly more. */
    byte[] array() {
        return bytes;
    }

    /** Continues with another array, without its content. */
    void replace(byte[] other) {
        bytes = other;
        length = 0;
    }

    /** Returns a copy of the first {@code count} bytes. */
    byte[] copyOf(int count) {
        return Arrays.copyOf(bytes, count);
    }

    /** Returns a copy of the bytes since {@code start}. */
    byte[] copyFrom(int start) {
        return Arrays.copyOfRange(bytes, start, length);
    }

    /** Writes bytes that {@link #copyFrom} returned. */
    void copy(byte[] text) {
        copy(text, 0);
    }

    /** Writes the bytes since {@code start} of those that {@link #copyFrom} returned. */
    void copy(byte[] text, int start) {
        int count = text.length - start;
        reserve(count);
        System.arraycopy(text, start, bytes, length, count);
        length += count;
    }

    @Override
    public String toString() {
        return new String(bytes, 0, length, StandardCharsets.UTF_8);
    }

    private void reserve(int count) {
        if (bytes.length - length < count) {
            bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, length + count));
        }
    }

    void ascii(char character) {
        reserve(1);
        bytes[length++] = (byte) character;
    }

    /** Writes text of ASCII characters that need no escape. */
    // The deprecated method drops the high byte of each character, which is 0 here, and copies without a loop.
    @SuppressWarnings("deprecation")
    void ascii(String text) {
        int count = text.length();
        reserve(count);
        text.getBytes(0, count, bytes, length);
        length += count;
    }

    /** Writes the name of a JSON member, ASCII without characters that need an escape, and after a comma if {@code isNext}. */
    @SuppressWarnings("deprecation")
    void name(String name, boolean isNext) {
        int count = name.length();
        reserve(count + 4);
        byte[] to = bytes;
        int at = length;
        if (isNext) {
            to[at++] = ',';
        }
        to[at++] = '"';
        name.getBytes(0, count, to, at);
        at += count;
        to[at++] = '"';
        to[at++] = ':';
        length = at;
    }

    /** Writes text as a JSON string. Half of a surrogate pair becomes a question mark. */
    void string(String text) {
        byte[] encoded = text.getBytes(StandardCharsets.UTF_8);
        int count = encoded.length;
        reserve(count + 2);
        bytes[length++] = '"';
        int plain = 0;
        while (plain < count && !needsEscape(encoded[plain])) {
            plain++;
        }
        System.arraycopy(encoded, 0, bytes, length, plain);
        length += plain;
        for (int i = plain; i < count; i++) {
            reserve(MAX_ESCAPE_BYTES);
            escaped(encoded[i]);
        }
        ascii('"');
    }

    /** The bytes of characters that aren't ASCII are negative. */
    private static boolean needsEscape(byte one) {
        return one == '"' || one == '\\' || (one < ' ' && one >= 0);
    }

    private void escaped(byte one) {
        switch (one) {
            case '"', '\\' -> pair((char) one);
            case '\b' -> pair('b');
            case '\t' -> pair('t');
            case '\n' -> pair('n');
            case '\f' -> pair('f');
            case '\r' -> pair('r');
            default -> {
                if (needsEscape(one)) {
                    ascii("\\u00");
                    bytes[length++] = UPPER_HEX[one >> 4];
                    bytes[length++] = UPPER_HEX[one & 0xF];
                } else {
                    bytes[length++] = one;
                }
            }
        }
    }

    private void pair(char escape) {
        bytes[length++] = '\\';
        bytes[length++] = (byte) escape;
    }

    void number(long value) {
        if (value == Long.MIN_VALUE) {
            ascii(Long.toString(value));
            return;
        }
        if (value < 0) {
            ascii('-');
        }
        digits(Math.abs(value), 1);
    }

    /** Writes an unsigned number. */
    void unsigned(long value) {
        if (value < 0) {
            ascii(Long.toUnsignedString(value));
        } else {
            number(value);
        }
    }

    /** Writes digits, with zeros before them up to {@code least}. */
    private void digits(long value, int least) {
        if (value >= POWERS_OF_10[MAX_INT_DIGITS]) {
            digits(value / POWERS_OF_10[MAX_INT_DIGITS], least - MAX_INT_DIGITS);
            digits(value % POWERS_OF_10[MAX_INT_DIGITS], MAX_INT_DIGITS);
            return;
        }
        int left = (int) value;
        int count = Math.max(least, 1);
        while (count < MAX_INT_DIGITS && left >= POWERS_OF_10[count]) {
            count++;
        }
        reserve(count);
        byte[] to = bytes;
        int start = length;
        for (int at = start + count - 1; at >= start; at--) {
            int tenth = tenth(left);
            to[at] = (byte) ('0' + left - 10 * tenth);
            left = tenth;
        }
        length = start + count;
    }

    /** Divides a number that isn't negative by 10. The first compiler doesn't replace a division, which is several times as slow. */
    private static int tenth(int value) {
        return (int) ((value * 0xCCCC_CCCDL) >>> 35);
    }

    /** Writes nanoseconds as milliseconds, in the form of {@link Double#toString}. */
    void milliseconds(long nanos) {
        if (nanos < FIRST_WITHOUT_EXPONENT || nanos >= FIRST_WITH_EXPONENT) {
            ascii(Double.toString(nanos / (double) NANOS_PER_MILLI));
            return;
        }
        digits(nanos / NANOS_PER_MILLI, 1);
        ascii('.');
        digits(nanos % NANOS_PER_MILLI, 6);
        while (bytes[length - 1] == '0' && bytes[length - 2] != '.') {
            length--;
        }
    }

    /** Writes a time in the form of {@link Instant#toString}. */
    void time(Instant time) {
        if (time.getEpochSecond() != second) {
            second = time.getEpochSecond();
            String text = Instant.ofEpochSecond(second).toString();
            secondText = text.substring(0, text.length() - 1).getBytes(StandardCharsets.US_ASCII);
        }
        copy(secondText);
        int nanos = time.getNano();
        if (nanos > 0) {
            ascii('.');
            if (nanos % 1_000_000 == 0) {
                digits(nanos / 1_000_000, 3);
            } else if (nanos % 1_000 == 0) {
                digits(nanos / 1_000, 6);
            } else {
                digits(nanos, 9);
            }
        }
        ascii('Z');
    }

    /** Writes an address in the form of {@link Tuple#text}. */
    void address(InetSocketAddress endpoint) {
        if (!(endpoint.getAddress() instanceof Inet4Address ipv4)) {
            ascii(Tuple.text(endpoint));
            return;
        }
        byte[] parts = ipv4.getAddress();
        reserve(MAX_IPV4_BYTES);
        byte[] to = bytes;
        int at = length;
        for (int i = 0; i < parts.length; i++) {
            at = octet(to, at, parts[i] & 0xFF);
            to[at++] = (byte) (i < parts.length - 1 ? '.' : ':');
        }
        length = at;
        digits(endpoint.getPort(), 1);
    }

    /** Writes a number of at most 255 at {@code start} and returns its end. */
    private static int octet(byte[] to, int start, int value) {
        int at = start;
        int left = value;
        if (left >= 100) {
            int hundreds = left >= 200 ? 2 : 1;
            to[at++] = (byte) ('0' + hundreds);
            left -= 100 * hundreds;
        }
        if (value >= 10) {
            int tenth = tenth(left);
            to[at++] = (byte) ('0' + tenth);
            left -= 10 * tenth;
        }
        to[at++] = (byte) ('0' + left);
        return at;
    }

    /** Writes 16 lower-case hexadecimal digits. */
    void hex(long value) {
        reserve(16);
        hex8((int) (value >>> Integer.SIZE));
        hex8((int) value);
    }

    /** Without a loop over longs, which is slow without the optimizing compiler. */
    private void hex8(int value) {
        byte[] to = bytes;
        int at = length;
        to[at] = LOWER_HEX[value >>> 28];
        to[at + 1] = LOWER_HEX[value >>> 24 & 0xF];
        to[at + 2] = LOWER_HEX[value >>> 20 & 0xF];
        to[at + 3] = LOWER_HEX[value >>> 16 & 0xF];
        to[at + 4] = LOWER_HEX[value >>> 12 & 0xF];
        to[at + 5] = LOWER_HEX[value >>> 8 & 0xF];
        to[at + 6] = LOWER_HEX[value >>> 4 & 0xF];
        to[at + 7] = LOWER_HEX[value & 0xF];
        length = at + 8;
    }

    /** Writes two lower-case hexadecimal digits for each byte. */
    void hex(Bytes value) {
        int count = value.length();
        reserve(2 * count);
        for (int i = 0; i < count; i++) {
            int one = value.at(i);
            bytes[length++] = LOWER_HEX[one >> 4];
            bytes[length++] = LOWER_HEX[one & 0xF];
        }
    }
}

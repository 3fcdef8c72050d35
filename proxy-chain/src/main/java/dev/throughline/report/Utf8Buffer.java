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
    private static final int MAX_DIGITS = 20;
    private static final int MAX_CHAR_BYTES = 6;
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

    /** Returns a copy of the first {@code count} bytes. */
    byte[] copyOf(int count) {
        return Arrays.copyOf(bytes, count);
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

    /** Writes text as the content of a JSON string. Half of a surrogate pair becomes a question mark. */
    void escaped(String text) {
        int count = text.length();
        reserve(count);
        for (int i = 0; i < count; i++) {
            char character = text.charAt(i);
            if (character < ' ' || character >= 0x80 || character == '"' || character == '\\') {
                escaped(text, i);
                return;
            }
            bytes[length++] = (byte) character;
        }
    }

    private void escaped(String text, int from) {
        int count = text.length();
        for (int i = from; i < count; i++) {
            reserve(MAX_CHAR_BYTES);
            char character = text.charAt(i);
            if (character < 0x80) {
                escaped(character);
            } else if (character < 0x800) {
                continued(0xC0 | (character >> 6), character, 0);
            } else if (!Character.isSurrogate(character)) {
                continued(0xE0 | (character >> 12), character, 6);
            } else if (i + 1 < count && Character.isSurrogatePair(character, text.charAt(i + 1))) {
                int point = Character.toCodePoint(character, text.charAt(++i));
                continued(0xF0 | (point >> 18), point, 12);
            } else {
                bytes[length++] = '?';
            }
        }
    }

    /** Writes the first byte of a character, then six bits in each byte, from {@code shift} down to 0. */
    private void continued(int first, int point, int shift) {
        bytes[length++] = (byte) first;
        for (int left = shift; left >= 0; left -= 6) {
            bytes[length++] = (byte) (0x80 | (point >> left & 0x3F));
        }
    }

    private void escaped(char character) {
        switch (character) {
            case '"', '\\' -> pair(character);
            case '\b' -> pair('b');
            case '\t' -> pair('t');
            case '\n' -> pair('n');
            case '\f' -> pair('f');
            case '\r' -> pair('r');
            default -> {
                if (character < ' ') {
                    ascii("\\u00");
                    bytes[length++] = UPPER_HEX[character >> 4];
                    bytes[length++] = UPPER_HEX[character & 0xF];
                } else {
                    bytes[length++] = (byte) character;
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
        reserve(MAX_DIGITS);
        if (value < 0) {
            bytes[length++] = '-';
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
        reserve(MAX_DIGITS);
        int count = least;
        for (long bound = powerOf10(least); count < MAX_DIGITS - 1 && value >= bound; bound *= 10) {
            count++;
        }
        long left = value;
        for (int at = length + count - 1; at >= length; at--) {
            bytes[at] = (byte) ('0' + left % 10);
            left /= 10;
        }
        length += count;
    }

    private static long powerOf10(int exponent) {
        long power = 1;
        for (int i = 0; i < exponent; i++) {
            power *= 10;
        }
        return power;
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
        reserve(secondText.length);
        System.arraycopy(secondText, 0, bytes, length, secondText.length);
        length += secondText.length;
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
        for (int i = 0; i < parts.length; i++) {
            digits(parts[i] & 0xFF, 1);
            ascii(i < parts.length - 1 ? '.' : ':');
        }
        digits(endpoint.getPort(), 1);
    }

    /** Writes 16 lower-case hexadecimal digits. */
    void hex(long value) {
        for (int shift = 56; shift >= 0; shift -= 8) {
            hex((int) (value >> shift) & 0xFF);
        }
    }

    /** Writes two lower-case hexadecimal digits for each byte. */
    void hex(Bytes value) {
        for (int i = 0; i < value.length(); i++) {
            hex(value.at(i));
        }
    }

    private void hex(int value) {
        reserve(2);
        bytes[length++] = LOWER_HEX[value >> 4];
        bytes[length++] = LOWER_HEX[value & 0xF];
    }
}

package dev.throughline.identify;

import com.google.common.base.Utf8;
import dev.throughline.originator.PlainText;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Optional;

/**
 * Bytes that a process chose (its name, its path), escaped to text that is safe to log, sign and compare.
 *
 * <p>Bytes that aren't UTF-8, and characters that aren't allowed in plain text, are written as {@code \xNN}: a raw newline
 * would forge a log line, a raw escape sequence would control the operator's terminal. A backslash is kept, unless "x" and two
 * hexadecimal digits follow; then it becomes {@code \x5c}. So different bytes have different texts, and no process can take the
 * name of another.
 */
final class EscapedText {
    private static final int ESCAPE_BYTES = 4;

    private EscapedText() {}

    /**
     * Returns the text; empty if there is none or it needs more than {@code maxBytes} of UTF-8: truncated, it could be
     * another's name.
     */
    static Optional<String> of(byte[] bytes, int maxBytes) {
        StringBuilder text = new StringBuilder(bytes.length);
        for (int i = 0; i < bytes.length; ) {
            int size = characterSize(bytes, i);
            String character = new String(bytes, i, size, StandardCharsets.UTF_8);
            boolean clean = Utf8.isWellFormed(bytes, i, size)
                    && PlainText.mayHold(character.codePointAt(0))
                    && !looksEscaped(bytes, i);
            if (clean) {
                text.append(character);
            } else {
                size = Utf8.isWellFormed(bytes, i, size) ? size : 1;
                for (int j = i; j < i + size; j++) {
                    text.append("\\x").append(HexFormat.of().toHexDigits(bytes[j]));
                }
            }
            i += size;
        }
        String result = text.toString();
        return result.isEmpty() || Utf8.encodedLength(result) > maxBytes ? Optional.empty() : Optional.of(result);
    }

    /** Returns the size that the first byte announces (RFC 3629, section 3), limited to the remaining bytes. */
    private static int characterSize(byte[] bytes, int at) {
        int first = Byte.toUnsignedInt(bytes[at]);
        int size = first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
        return Math.min(size, bytes.length - at);
    }

    private static boolean looksEscaped(byte[] bytes, int at) {
        return bytes[at] == '\\'
                && at + ESCAPE_BYTES <= bytes.length
                && bytes[at + 1] == 'x'
                && Character.digit(bytes[at + 2], 16) >= 0
                && Character.digit(bytes[at + 3], 16) >= 0;
    }
}

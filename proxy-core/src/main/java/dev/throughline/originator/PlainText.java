package dev.throughline.originator;

import java.util.Arrays;

/**
 * Text without characters that could deceive a reader. The owner of a process chooses names and paths: a newline in one would
 * forge a log line, an escape sequence would control an operator's terminal, and a character that is invisible or reverses the
 * direction of text would make one path look like another. This includes joiners and variation selectors, though some languages
 * and emoji use them: an identity must not depend on an invisible character (SPEC.md, section 3).
 */
public final class PlainText {
    private static final int FIRST_PRINTABLE = 0x20;
    private static final int LAST_PRINTABLE_ASCII = 0x7E;

    /**
     * First and last code point of each refused range, ascending. The ranges are fixed, and not taken from the Java
     * runtime's version of Unicode: otherwise two receivers could disagree about one header.
     */
    private static final int[] REFUSED = {
        0x0000, 0x001F, 0x007F, 0x00A0, 0x00AD, 0x00AD, 0x034F, 0x034F, 0x0600, 0x0605, 0x061C, 0x061C, 0x06DD, 0x06DD,
        0x070F, 0x070F, 0x0890, 0x0891, 0x08E2, 0x08E2, 0x115F, 0x1160, 0x1680, 0x1680, 0x17B4, 0x17B5, 0x180B, 0x180F,
        0x2000, 0x200F, 0x2028, 0x202F, 0x205F, 0x206F, 0x2800, 0x2800, 0x3000, 0x3000, 0x3164, 0x3164, 0xD800, 0xDFFF,
        0xFE00, 0xFE0F, 0xFEFF, 0xFEFF, 0xFFA0, 0xFFA0, 0xFFF0, 0xFFFB, 0x110BD, 0x110BD, 0x110CD, 0x110CD, 0x13430,
        0x1343F, 0x1BCA0, 0x1BCA3, 0x1D173, 0x1D17A, 0xE0000, 0xE0FFF,
    };

    private PlainText() {}

    /**
     * Returns whether a character is allowed in an originator's text.
     *
     * @param codePoint a Unicode code point
     * @return false for control and format characters, ends of lines and paragraphs, spaces other than U+0020, characters
     *     that are invisible by default (such as joiners, fillers, variation selectors and tags), the blank Braille
     *     pattern, and halves of surrogate pairs
     */
    public static boolean mayHold(int codePoint) {
        if (codePoint >= FIRST_PRINTABLE && codePoint <= LAST_PRINTABLE_ASCII) {
            return true;
        }
        int found = Arrays.binarySearch(REFUSED, codePoint);
        // // In the array of pairs, an insertion point inside a range is odd.
        return found < 0 && (-found - 1) % 2 == 0;
    }

    /**
     * Escapes invisible characters for a message.
     *
     * @param text any text
     * @return the text with those that {@link #mayHold} refuses written as {@code \}{@code uFEFF}
     */
    public static String visible(String text) {
        if (isPrintableAscii(text) || text.codePoints().allMatch(PlainText::mayHold)) {
            return text;
        }
        StringBuilder shown = new StringBuilder();
        text.codePoints().forEach(codePoint -> {
            if (mayHold(codePoint)) {
                shown.appendCodePoint(codePoint);
            } else {
                shown.append("\\u").append("%04X".formatted(codePoint));
            }
        });
        return shown.toString();
    }

    /** Returns whether no character can be refused: nearly all text is so, and a stream over it would cost more. */
    private static boolean isPrintableAscii(String text) {
        for (int i = 0; i < text.length(); i++) {
            char unit = text.charAt(i);
            if (unit < FIRST_PRINTABLE || unit > LAST_PRINTABLE_ASCII) {
                return false;
            }
        }
        return true;
    }
}

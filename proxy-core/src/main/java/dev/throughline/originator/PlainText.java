package dev.throughline.originator;

/**
 * Text that shows as it is written. Names and paths are chosen by whoever runs a process: a newline in one would forge a
 * line of a log, an escape an operator's terminal, and a character that turns the direction of text around, or isn't seen,
 * would make one path look like another. That holds for joiners too, though some languages write with them: who a process
 * is must not hang on what nobody sees (SPEC.md, section 3).
 */
public final class PlainText {
    private PlainText() {}

    /**
     * Whether a character may stand in text of an originator.
     *
     * @param codePoint of Unicode
     * @return false for control characters, ends of lines and paragraphs, marks of direction, what isn't seen (such as
     *     joiners, spaces without width and tags), and halves of surrogate pairs
     */
    public static boolean mayHold(int codePoint) {
        return !Character.isISOControl(codePoint)
                && codePoint != 0x00AD
                && codePoint != 0x034F
                && codePoint != 0x061C
                && codePoint != 0x180E
                && !isBetween(0x200B, codePoint, 0x200F)
                && !isBetween(0x2028, codePoint, 0x202E)
                && !isBetween(0x2060, codePoint, 0x206F)
                && !isBetween(0xD800, codePoint, 0xDFFF)
                && codePoint != 0xFEFF
                && !isBetween(0xE0000, codePoint, 0xE007F);
    }

    /**
     * Shows each character of a text, for a message about it.
     *
     * @param text any
     * @return the text with those that {@link #mayHold} refuses written as {@code \}{@code uFEFF}
     */
    public static String visible(String text) {
        if (text.codePoints().allMatch(PlainText::mayHold)) {
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

    private static boolean isBetween(int first, int codePoint, int last) {
        return first <= codePoint && codePoint <= last;
    }
}

package dev.throughline.originator;

/**
 * Text that shows as it is written. Names and paths are chosen by whoever runs a process: a newline in one would forge a
 * line of a log, an escape an operator's terminal, and a mark that turns the direction of text around would make one path
 * look like another (SPEC.md, section 3).
 */
public final class PlainText {
    private PlainText() {}

    /**
     * Whether a character may stand in text of an originator.
     *
     * @param codePoint of Unicode
     * @return false for control characters, ends of lines and paragraphs, and marks of direction
     */
    public static boolean mayHold(int codePoint) {
        return !Character.isISOControl(codePoint)
                && codePoint != 0x061C
                && codePoint != 0x200E
                && codePoint != 0x200F
                && (codePoint < 0x2028 || codePoint > 0x202E)
                && (codePoint < 0x2066 || codePoint > 0x2069);
    }
}

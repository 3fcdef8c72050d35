package dev.throughline.key;

import com.google.common.base.CharMatcher;
import com.google.common.base.Splitter;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;

/**
 * One line of a file of keys that says something: words between blanks, then perhaps a comment, which {@code #} begins at
 * the start of a line or after a blank.
 *
 * @param words at least one
 * @param comment what follows the {@code #}; empty if nothing does
 */
record TextLine(List<Word> words, String comment) {
    /** Some editors write it; it can't be seen in a message. */
    private static final String BYTE_ORDER_MARK = "\uFEFF";

    /** @param column where it begins, from 0 */
    record Word(String text, int column) {
        int end() {
            return column + text.length();
        }

        /** What stands before the first {@code =}, and that; or the whole word. */
        String name() {
            int equals = text.indexOf('=');
            return equals < 0 ? text : text.substring(0, equals + 1);
        }

        String value() {
            return text.substring(name().length());
        }

        int valueColumn() {
            return column + name().length();
        }

        /** Returns the value as an instant, which a message calls {@code shown}. */
        Instant instant(String shown) throws Problem {
            try {
                return Instant.parse(value());
            } catch (DateTimeParseException e) {
                throw new Problem(valueColumn(), "expected an instant such as 2027-01-31T00:00:00Z, found " + shown);
            }
        }
    }

    /** What is wrong with a line, and where: a column, from 0. */
    static final class Problem extends Exception {
        private static final long serialVersionUID = 1L;
        private final int column;

        Problem(int column, String message) {
            super(message);
            this.column = column;
        }
    }

    /** What is done with each line. */
    interface Reader {
        void read(TextLine line) throws Problem;
    }

    /**
     * Reads a whole text.
     *
     * @param source the file's name, for messages
     * @throws KeyFormatException with a line {@code source:line:column: problem} for each problem in the text
     */
    static void readAll(String source, String text, Reader reader) throws KeyFormatException {
        List<String> problems = new ArrayList<>();
        boolean isMarked = text.startsWith(BYTE_ORDER_MARK);
        if (isMarked) {
            problems.add(
                    source + ":1:1: the file begins with a byte order mark (U+FEFF): save it as UTF-8 without one");
        }
        int number = 0;
        for (String content : Splitter.on('\n').split(isMarked ? text.substring(1) : text)) {
            number++;
            TextLine line = of(content);
            if (line.words.isEmpty()) {
                continue;
            }
            try {
                reader.read(line);
            } catch (Problem e) {
                problems.add(source + ":" + number + ":" + (e.column + 1) + ": " + e.getMessage());
            }
        }
        if (!problems.isEmpty()) {
            throw new KeyFormatException(String.join("\n", problems));
        }
    }

    static TextLine of(String content) {
        int hash = content.startsWith("#") ? 0 : content.indexOf(" #") + 1;
        boolean commented = content.startsWith("#") || hash > 0;
        String said = commented ? content.substring(0, hash) : content;
        List<Word> words = new ArrayList<>();
        for (int at = next(said, 0); at < said.length(); ) {
            int end = CharMatcher.whitespace().indexIn(said, at);
            Word word = new Word(said.substring(at, end < 0 ? said.length() : end), at);
            words.add(word);
            at = next(said, word.end());
        }
        return new TextLine(words, commented ? content.substring(hash + 1).strip() : "");
    }

    private static int next(String text, int from) {
        int next = CharMatcher.whitespace().negate().indexIn(text, from);
        return next < 0 ? text.length() : next;
    }

    Word first() {
        return words.getFirst();
    }

    List<Word> rest() {
        return words.subList(1, words.size());
    }

    /** Where its last word ends. */
    int end() {
        return words.getLast().end();
    }
}

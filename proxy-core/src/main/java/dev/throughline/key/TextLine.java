package dev.throughline.key;

import com.google.common.base.CharMatcher;
import com.google.common.base.Splitter;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One line of a key or trust file: words separated by spaces or tabs, then optionally a comment, which starts with {@code #} at
 * the start of a line or after a space or tab (SPEC.md, section 4).
 *
 * @param words empty for a line that is blank or only a comment
 * @param comment what follows the {@code #}; empty if nothing does
 */
record TextLine(List<Word> words, String comment) {
    /** Other white space is part of a word, and so rejected: it would look like a blank. */
    private static final CharMatcher BLANK = CharMatcher.anyOf(" \t");

    private static final int INSTANT_LENGTH = "2027-01-31T00:00:00Z".length();
    private static final int FRACTION_LENGTH = ".000".length();

    /** Some editors write it. It is invisible in a message. */
    private static final String BYTE_ORDER_MARK = "\uFEFF";

    /** @param column where it starts, from 0 */
    record Word(String text, int column) {
        int end() {
            return column + text.length();
        }

        /** Returns the text up to and including the first {@code =}, or the whole word. */
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
            return parsed().orElseThrow(() ->
                    new Problem(valueColumn(), "expected an instant such as 2027-01-31T00:00:00Z, found " + shown));
        }

        /**
         * Parses the value as an instant. An instant has one spelling: in UTC, from 1970 to 9999, with seconds, and
         * milliseconds unless they are 0.
         */
        private Optional<Instant> parsed() {
            int length = value().length();
            if (length != INSTANT_LENGTH && length != INSTANT_LENGTH + FRACTION_LENGTH) {
                return Optional.empty();
            }
            try {
                return Optional.of(Instant.parse(value()))
                        .filter(instant -> !instant.isBefore(Instant.EPOCH)
                                && instant.toString().equals(value()));
            } catch (DateTimeParseException e) {
                return Optional.empty();
            }
        }
    }

    /** A problem in a line, at a column from 0. */
    static final class Problem extends Exception {
        private static final long serialVersionUID = 1L;
        private final int column;

        Problem(int column, String message) {
            super(message);
            this.column = column;
        }
    }

    /** A parser for one line. */
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
        for (String content : lines(isMarked ? text.substring(1) : text)) {
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

    /** Returns the lines of a text without their ends, LF or CR LF. The last line may have no end. */
    static List<String> lines(String text) {
        List<String> lines = new ArrayList<>();
        for (String line : Splitter.on('\n').split(text)) {
            lines.add(line.endsWith("\r") ? line.substring(0, line.length() - 1) : line);
        }
        if (lines.getLast().isEmpty()) {
            lines.removeLast();
        }
        return lines;
    }

    static TextLine of(String content) {
        List<Word> words = new ArrayList<>();
        int at = next(content, 0);
        while (at < content.length() && content.charAt(at) != '#') {
            int end = BLANK.indexIn(content, at);
            Word word = new Word(content.substring(at, end < 0 ? content.length() : end), at);
            words.add(word);
            at = next(content, word.end());
        }
        return new TextLine(
                words, at < content.length() ? content.substring(at + 1).strip() : "");
    }

    private static int next(String text, int from) {
        int next = BLANK.negate().indexIn(text, from);
        return next < 0 ? text.length() : next;
    }

    Word first() {
        return words.getFirst();
    }

    List<Word> rest() {
        return words.subList(1, words.size());
    }

    /** Returns the column after the last word. */
    int end() {
        return words.getLast().end();
    }
}

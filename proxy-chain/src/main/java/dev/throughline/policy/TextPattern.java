package dev.throughline.policy;

import static com.google.common.base.Preconditions.checkArgument;

/**
 * A text, or all texts with one beginning and one end: {@code *} stands for any characters but {@code /}, {@code **} for any.
 * There is one star at most, so that matching what an application chose takes no more time than reading it.
 *
 * @param text with a star or without
 */
public record TextPattern(String text) {
    private static final String STAR = "*";
    private static final String TWO_STARS = "**";

    /**
     * Checks that it can be meant.
     *
     * @throws IllegalArgumentException for an empty text, or several stars
     */
    public TextPattern {
        checkArgument(!text.isEmpty(), "expected a text");
        checkArgument((beginning(text) + end(text)).indexOf('*') < 0, "\"%s\": one * or one ** at most", text);
    }

    /** Whether {@code candidate} is one of these texts, letter by letter. */
    public boolean matches(String candidate) {
        String star = star(text);
        if (star.isEmpty()) {
            return candidate.equals(text);
        }
        String beginning = beginning(text);
        String end = end(text);
        if (candidate.length() < beginning.length() + end.length()
                || !candidate.startsWith(beginning)
                || !candidate.endsWith(end)) {
            return false;
        }
        String between = candidate.substring(beginning.length(), candidate.length() - end.length());
        return star.equals(TWO_STARS) || between.indexOf('/') < 0;
    }

    private static String star(String text) {
        return text.contains(TWO_STARS) ? TWO_STARS : text.contains(STAR) ? STAR : "";
    }

    private static String beginning(String text) {
        return text.substring(0, text.indexOf(star(text)));
    }

    private static String end(String text) {
        return text.substring(text.indexOf(star(text)) + star(text).length());
    }

    @Override
    public String toString() {
        return text;
    }
}

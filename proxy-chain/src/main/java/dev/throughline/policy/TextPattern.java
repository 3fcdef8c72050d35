package dev.throughline.policy;

import static com.google.common.base.Preconditions.checkArgument;

/**
 * A pattern for text: {@code *} matches any characters except {@code /}, {@code **} any characters. A pattern has at
 * most one star, so matching is linear in the length of the text, which an application chooses.
 *
 * @param text the pattern
 */
public record TextPattern(String text) {
    private static final String STAR = "*";
    private static final String TWO_STARS = "**";

    /**
     * Checks the syntax.
     *
     * @throws IllegalArgumentException for an empty text, or several stars
     */
    public TextPattern {
        checkArgument(!text.isEmpty(), "expected a text");
        checkArgument((beginning(text) + end(text)).indexOf('*') < 0, "\"%s\": one * or one ** at most", text);
    }

    /** Returns whether {@code candidate} matches, case-sensitively. */
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

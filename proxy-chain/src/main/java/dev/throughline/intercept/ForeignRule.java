package dev.throughline.intercept;

/**
 * A rule of another program that matches packets of a hop because of their marks, or changes the marks.
 *
 * @param location table, chain and handle, or priority, by which an operator finds the rule
 * @param words the rule's text
 * @param effect the effect on packets of the hop, as a clause for an operator
 */
public record ForeignRule(String location, String words, String effect) {
    @Override
    public String toString() {
        return "%s: \"%s\" %s".formatted(location, words, effect);
    }
}

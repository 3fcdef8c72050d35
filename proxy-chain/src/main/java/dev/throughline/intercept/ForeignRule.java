package dev.throughline.intercept;

/**
 * A rule of another program that meets packets of a hop because of their marks, or changes these.
 *
 * @param place where it is, as its owner finds it
 * @param words the rule itself
 * @param effect what it does to which packets of the hop
 */
public record ForeignRule(String place, String words, String effect) {
    @Override
    public String toString() {
        return "%s: \"%s\" %s".formatted(place, words, effect);
    }
}

package dev.throughline.config;

import java.util.Collection;
import java.util.Comparator;
import java.util.stream.Collectors;

/** The known word that somebody probably meant. */
final class Suggestion {
    private Suggestion() {}

    /** {@code ": did you mean …?"}, or the list of all words where none is near. */
    static String among(Collection<String> known, String word) {
        return known.stream()
                .min(Comparator.comparingInt(candidate -> distance(candidate, word)))
                .filter(nearest -> distance(nearest, word) <= Math.max(2, word.length() / 3))
                .map(nearest -> ": did you mean \"" + nearest + "\"?")
                .orElseGet(() -> ": expected one of " + known.stream().sorted().collect(Collectors.joining(", ")));
    }

    /** Levenshtein's distance: how many letters must be changed, added or removed. */
    static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int above = row[j];
                int change = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                row[j] = Math.min(change, Math.min(above, row[j - 1]) + 1);
                diagonal = above;
            }
        }
        return row[b.length()];
    }
}

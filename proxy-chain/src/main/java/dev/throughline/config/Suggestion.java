package dev.throughline.config;

import java.util.Collection;
import java.util.Comparator;
import java.util.stream.Collectors;

/** The suggestion of a known word for a misspelled one. */
public final class Suggestion {
    private Suggestion() {}

    /** Returns {@code ": did you mean …?"}, or the list of all words if none is near; empty if there are none. */
    public static String among(Collection<String> known, String word) {
        if (known.isEmpty()) {
            return "";
        }
        return known.stream()
                .min(Comparator.comparingInt(candidate -> distance(candidate, word)))
                .filter(nearest -> isNear(nearest, word))
                .map(nearest -> ": did you mean \"" + nearest + "\"?")
                .orElseGet(() -> ": expected one of " + known.stream().sorted().collect(Collectors.joining(", ")));
    }

    /** In a short word, two differences make another word: "foo" isn't a misspelled "who". */
    private static boolean isNear(String known, String word) {
        return distance(known, word) <= (word.length() < 4 ? 1 : Math.max(2, word.length() / 3));
    }

    /** Returns the edit distance with transpositions (optimal string alignment). */
    static int distance(String a, String b) {
        int[][] rows = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                if (i == 0 || j == 0) {
                    rows[i][j] = i + j;
                    continue;
                }
                int change = rows[i - 1][j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                rows[i][j] = Math.min(change, Math.min(rows[i - 1][j], rows[i][j - 1]) + 1);
                if (i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1)) {
                    rows[i][j] = Math.min(rows[i][j], rows[i - 2][j - 2] + 1);
                }
            }
        }
        return rows[a.length()][b.length()];
    }
}

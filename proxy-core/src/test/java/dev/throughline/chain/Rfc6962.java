package dev.throughline.chain;

import java.util.ArrayList;
import java.util.List;

/** The tree and the audit path exactly as RFC 6962, section 2.1 defines them: by recursion, and slowly. */
final class Rfc6962 {
    private Rfc6962() {}

    /** Returns the root over leaf entries (MTH). */
    static byte[] root(List<byte[]> entries) {
        int n = entries.size();
        if (n == 1) {
            return FixedRandom.sha256(new byte[] {0}, entries.getFirst());
        }
        int k = split(n);
        return FixedRandom.sha256(new byte[] {1}, root(entries.subList(0, k)), root(entries.subList(k, n)));
    }

    /** Returns the siblings of leaf {@code m}, from the leaf up (PATH). */
    static List<byte[]> path(int m, List<byte[]> entries) {
        int n = entries.size();
        if (n == 1) {
            return List.of();
        }
        int k = split(n);
        List<byte[]> path = new ArrayList<>();
        if (m < k) {
            path.addAll(path(m, entries.subList(0, k)));
            path.add(root(entries.subList(k, n)));
        } else {
            path.addAll(path(m - k, entries.subList(k, n)));
            path.add(root(entries.subList(0, k)));
        }
        return path;
    }

    /** Returns the largest power of two that is smaller than {@code n}. */
    private static int split(int n) {
        return Integer.highestOneBit(n - 1);
    }
}

package dev.throughline.bench.compare;

import java.util.Arrays;
import java.util.List;

/** The median and both quartiles of some values, with linear interpolation between neighbours. */
record Quartiles(double first, double median, double third) {
    private static final double SMALLEST_BAND = 1.05;

    static Quartiles of(double... values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return new Quartiles(quantile(sorted, 0.25), quantile(sorted, 0.5), quantile(sorted, 0.75));
    }

    static Quartiles of(List<Double> values) {
        return of(values.stream().mapToDouble(Double::doubleValue).toArray());
    }

    /** The quartiles of the ratios of values measured in the same round. */
    static Quartiles ofRatios(List<Double> values, List<Double> bases) {
        if (values.size() != bases.size()) {
            throw new IllegalArgumentException("not pairs: " + values.size() + " and " + bases.size());
        }
        double[] ratios = new double[values.size()];
        for (int i = 0; i < ratios.length; i++) {
            ratios[i] = values.get(i) / bases.get(i);
        }
        return of(ratios);
    }

    private static double quantile(double[] sorted, double part) {
        if (sorted.length == 0) {
            return Double.NaN;
        }
        double at = part * (sorted.length - 1);
        int below = (int) at;
        int above = Math.min(below + 1, sorted.length - 1);
        return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
    }

    /**
     * The factor of the band without verdict, if this is the ratio between two equal chains: chance alone makes one chain
     * this many times as expensive as the other. It is at least 1.05, since few rounds may agree by chance too.
     */
    double band() {
        return Math.max(Math.max(third, 1 / first), SMALLEST_BAND);
    }

    /** Whether the median, a ratio, differs from 1 by more than the factor {@code band}. */
    boolean isBeyond(double band) {
        return median > band || median < 1 / band;
    }
}

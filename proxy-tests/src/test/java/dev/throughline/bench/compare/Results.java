package dev.throughline.bench.compare;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * All measurements, by the label of a row and the name of a chain. In each row, all chains have their windows in the order of
 * the rounds, so the windows with the same index are pairs.
 */
final class Results {
    private final Map<String, Map<String, List<Window>>> windows = new LinkedHashMap<>();
    private final Map<String, Map<String, List<Double>>> numbers = new LinkedHashMap<>();

    void add(String row, Chain chain, Window window) {
        entry(windows, row, chain).add(window);
    }

    /** Adds a number that is not compared in pairs, such as an amount of memory. */
    void addNumber(String row, Chain chain, double number) {
        entry(numbers, row, chain).add(number);
    }

    private static <T> List<T> entry(Map<String, Map<String, List<T>>> rows, String row, Chain chain) {
        return rows.computeIfAbsent(row, label -> new LinkedHashMap<>())
                .computeIfAbsent(chain.plan().name(), name -> new ArrayList<>());
    }

    Set<String> rows() {
        return windows.keySet();
    }

    /** The windows of one chain, none if the row wasn't measured there. */
    List<Window> windows(String row, String chain) {
        return windows.getOrDefault(row, Map.of()).getOrDefault(chain, List.of());
    }

    Set<String> numberRows() {
        return numbers.keySet();
    }

    List<Double> numbers(String row, String chain) {
        return numbers.getOrDefault(row, Map.of()).getOrDefault(chain, List.of());
    }
}

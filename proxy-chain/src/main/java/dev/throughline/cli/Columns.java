package dev.throughline.cli;

import com.google.common.base.Strings;
import com.google.common.collect.ImmutableSet;
import java.util.ArrayList;
import java.util.List;

/** Rows of text in columns, each as wide as its widest cell. */
final class Columns {
    private final ImmutableSet<Integer> right;
    private final List<List<String>> rows = new ArrayList<>();

    /** Aligns the columns {@code right}, counted from 0, at their right edge: numbers. */
    Columns(Integer... right) {
        this.right = ImmutableSet.copyOf(right);
    }

    /** Adds a row; all rows have the same number of cells. */
    Columns row(String... cells) {
        rows.add(List.of(cells));
        return this;
    }

    /** Returns one line for each row. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int column = 0; column < row.size(); column++) {
                String cell = row.get(column);
                line.append(column == 0 ? "" : "  ")
                        .append(
                                right.contains(column)
                                        ? Strings.padStart(cell, width(column), ' ')
                                        : Strings.padEnd(cell, width(column), ' '));
            }
            text.append(line.toString().stripTrailing()).append('\n');
        }
        return text.toString();
    }

    private int width(int column) {
        return rows.stream().mapToInt(row -> row.get(column).length()).max().orElse(0);
    }
}

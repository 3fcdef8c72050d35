package dev.throughline.config;

/**
 * Something wrong in a configuration file.
 *
 * @param line from 1
 * @param column from 1
 */
public record ConfigProblem(String file, int line, int column, String message) {
    @Override
    public String toString() {
        return file + ":" + line + ":" + column + ": " + message;
    }
}

package dev.throughline.config;

/**
 * A problem in a configuration file.
 *
 * @param line starts at 1
 * @param column starts at 1
 */
public record ConfigProblem(String file, int line, int column, String message) {
    @Override
    public String toString() {
        return file + ":" + line + ":" + column + ": " + message;
    }
}

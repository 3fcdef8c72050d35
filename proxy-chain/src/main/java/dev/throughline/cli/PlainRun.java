package dev.throughline.cli;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * The reader of the command lines with which hops are started. It reads only the plain forms, and as {@link RunCommand} does, but
 * doesn't load picocli, which takes a fifth of the CPU time of a start. Everything else, such as {@code --help} and all errors, is
 * for picocli.
 */
final class PlainRun {
    private static final String VARIABLE = "THROUGHLINE_CONFIG";

    private PlainRun() {}

    /** Returns the configuration of {@code run --config FILE}; empty for any other command line. */
    static Optional<Path> config(String[] arguments, Map<String, String> environment) {
        if (arguments.length == 0 || !arguments[0].equals("run")) {
            return Optional.empty();
        }
        return switch (arguments.length) {
            case 1 -> file(environment.getOrDefault(VARIABLE, ""));
            case 2 -> arguments[1].startsWith("--config=") ? file(arguments[1].substring(9)) : Optional.empty();
            case 3 ->
                arguments[1].equals("-c") || arguments[1].equals("--config") ? file(arguments[2]) : Optional.empty();
            default -> Optional.empty();
        };
    }

    /** Returns the path, unless picocli may read more in it: an option, an argument file, quotes or a variable. */
    private static Optional<Path> file(String name) {
        boolean plain = !name.isEmpty() && name.charAt(0) != '-' && name.charAt(0) != '@';
        return plain && name.chars().noneMatch(c -> c == '$' || c == '"' || c == '\'' || c == '\\')
                ? Optional.of(Path.of(name))
                : Optional.empty();
    }
}

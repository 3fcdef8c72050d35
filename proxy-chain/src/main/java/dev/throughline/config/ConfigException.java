package dev.throughline.config;

import java.util.List;
import java.util.stream.Collectors;

/** Thrown for an invalid configuration; the message has all problems, one a line. */
public final class ConfigException extends Exception {
    private static final long serialVersionUID = 1L;

    public ConfigException(List<ConfigProblem> problems) {
        super(problems.stream().map(ConfigProblem::toString).collect(Collectors.joining("\n")));
    }
}

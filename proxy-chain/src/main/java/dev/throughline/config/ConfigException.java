package dev.throughline.config;

import com.google.common.collect.ImmutableList;
import java.util.List;
import java.util.stream.Collectors;

/** Thrown for an invalid configuration; has all problems. */
public final class ConfigException extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient ImmutableList<ConfigProblem> problems;

    public ConfigException(List<ConfigProblem> problems) {
        super(problems.stream().map(ConfigProblem::toString).collect(Collectors.joining("\n")));
        this.problems = ImmutableList.copyOf(problems);
    }

    public ImmutableList<ConfigProblem> problems() {
        return problems;
    }
}

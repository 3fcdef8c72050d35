package dev.throughline.cli;

import dev.throughline.config.ConfigException;
import dev.throughline.config.ConfigReader;
import dev.throughline.config.HopConfig;
import dev.throughline.intercept.ConfiguredRules;
import dev.throughline.intercept.RulePlan;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The option {@code --config}, by which most commands identify the hop. */
final class ConfigOption {
    @Option(
            names = {"-c", "--config"},
            paramLabel = "FILE",
            defaultValue = "${env:THROUGHLINE_CONFIG}",
            required = true,
            description = "the hop's configuration (or $THROUGHLINE_CONFIG)")
    Path file = Path.of("");

    HopConfig read() {
        return read(file);
    }

    /** Reads the configuration for running a hop: the file must be writable by root and this user only. */
    HopConfig readToRun() {
        return whole(file, readAlone(file, ConfigReader::readToRun));
    }

    /** Returns the configuration, or fails with all problems of the file and of its rules. */
    static HopConfig read(Path file) {
        return whole(file, readAlone(file));
    }

    private static HopConfig whole(Path file, HopConfig config) {
        List<String> problems = ruleProblems(file, config);
        if (!problems.isEmpty()) {
            throw new CommandFailure(ExitCode.CONFIGURATION, String.join("\n", problems));
        }
        return config;
    }

    /** Returns the problems of the rules that {@code config} describes. */
    static List<String> ruleProblems(Path file, HopConfig config) {
        return ConfiguredRules.of(config).map(RulePlan::problems).stream()
                .flatMap(List::stream)
                .map(problem -> file + ": " + problem)
                .toList();
    }

    /** Returns the configuration without checking the rules that it describes. */
    static HopConfig readAlone(Path file) {
        return readAlone(file, ConfigReader::read);
    }

    private interface Reader {
        HopConfig read(Path file) throws ConfigException, IOException;
    }

    private static HopConfig readAlone(Path file, Reader reader) {
        try {
            return reader.read(file);
        } catch (ConfigException e) {
            throw new CommandFailure(ExitCode.CONFIGURATION, String.valueOf(e.getMessage()));
        } catch (IOException e) {
            throw CommandFailure.unreadable(file, e);
        }
    }

    /** Returns the rules that the configuration describes; empty if this hop needs none. */
    Optional<RulePlan> rules() {
        return ConfiguredRules.of(read());
    }
}

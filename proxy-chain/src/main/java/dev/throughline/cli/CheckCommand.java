package dev.throughline.cli;

import dev.throughline.config.ConfigException;
import dev.throughline.config.ConfigProblem;
import dev.throughline.config.ConfigReader;
import dev.throughline.config.HopConfig;
import dev.throughline.intercept.ConfiguredRules;
import dev.throughline.intercept.MarkUsers;
import dev.throughline.key.KeyFormatException;
import dev.throughline.keys.HopKeys;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(name = "check", description = "Check a configuration and the files it names.")
final class CheckCommand implements Callable<Integer> {
    @Parameters(paramLabel = "FILE", description = "the configuration")
    Path file = Path.of("");

    @Override
    public Integer call() {
        return check(file);
    }

    /** Reports all problems. Key files are read only if the configuration is valid, since it names them. */
    static int check(Path file) {
        HopConfig config = ConfigOption.readAlone(file);
        List<String> problems = new ArrayList<>(problemsAtStart(file));
        ConfiguredSizes sizes = ConfiguredSizes.of(file, config);
        problems.addAll(sizes.problems());
        problems.addAll(ConfigOption.ruleProblems(file, config));
        try {
            HopKeys.readForCommand(config);
        } catch (KeyFormatException e) {
            problems.add(String.valueOf(e.getMessage()));
        }
        if (!problems.isEmpty()) {
            throw new CommandFailure(ExitCode.CONFIGURATION, String.join("\n", problems));
        }
        ConfiguredRules.of(config).map(MarkUsers::warnings).stream()
                .flatMap(List::stream)
                .forEach(warning -> System.err.println(file + ": warning: " + warning));
        config.routing()
                .policy()
                .allowUnknown()
                .forEach(rule -> System.err.println(
                        file + ": warning: rule " + rule + " allows flows with an unknown originator"));
        sizes.sizes().lowered().forEach(limit -> System.err.println(file + ": warning: " + limit));
        SystemTables tables = SystemTables.of(config, sizes.sizes().flows());
        tables.warnings().forEach(warning -> System.err.println(file + ": warning: " + warning));
        System.out.println(file + ": hop " + config.identity().name() + ": configuration OK");
        sizes.table().forEach(System.out::println);
        tables.lines().forEach(System.out::println);
        System.out.println("flow log: a line when a flow closes, "
                + (config.log().openLines() ? "and one" : "none") + " when it opens (log.open-lines)");
        return ExitCode.OK;
    }

    private static List<String> problemsAtStart(Path file) {
        try {
            return ConfigReader.problemsAtStart(file).stream()
                    .map(ConfigProblem::toString)
                    .toList();
        } catch (ConfigException e) {
            throw new CommandFailure(ExitCode.CONFIGURATION, String.valueOf(e.getMessage()));
        } catch (IOException e) {
            throw CommandFailure.unreadable(file, e);
        }
    }
}

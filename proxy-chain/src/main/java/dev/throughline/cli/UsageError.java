package dev.throughline.cli;

import dev.throughline.config.Suggestion;
import java.io.PrintStream;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** The explanation of a command line that can't be parsed: the problem and the command's usage. */
final class UsageError {
    private UsageError() {}

    /** Explains {@code problem} on {@code err} and returns the exit status. */
    static int explain(ParameterException problem, PrintStream err) {
        CommandLine command = problem.getCommandLine();
        if (!(problem instanceof UnmatchedArgumentException) && isGroup(command)) {
            // The command is only a group of subcommands.
            command.usage(err, Ansi.OFF);
            return ExitCode.USAGE;
        }
        String name = command.getCommandSpec().qualifiedName();
        err.println(name + ": " + text(problem));
        // No colours even if standard output is a terminal, since standard error may be a file.
        CommandLine.Help help = command.getHelpFactory()
                .create(command.getCommandSpec(), CommandLine.Help.defaultColorScheme(Ansi.OFF));
        err.print("usage: " + help.synopsis("usage: ".length()));
        err.println("Run '" + name + " --help' for details.");
        return ExitCode.USAGE;
    }

    private static boolean isGroup(CommandLine command) {
        return !(command.getCommand() instanceof Callable<?>);
    }

    private static String text(ParameterException problem) {
        if (problem instanceof UnmatchedArgumentException unmatched) {
            return unknown(unmatched.getUnmatched().getFirst(), problem.getCommandLine());
        }
        String text = String.valueOf(problem.getMessage()).replaceFirst("^Error: ", "");
        return text.substring(0, 1).toLowerCase(Locale.ROOT) + text.substring(1);
    }

    private static String unknown(String word, CommandLine command) {
        if (word.startsWith("-") && word.length() > 1) {
            String option = word.replaceFirst("=.*", "");
            List<String> options = command.getCommandSpec().options().stream()
                    .flatMap(known -> Arrays.stream(known.names()))
                    .filter(known -> known.startsWith("--"))
                    .toList();
            return "unknown option \"" + option + "\"" + Suggestion.among(options, option);
        }
        if (!isGroup(command)) {
            return "unexpected argument \"" + word + "\"";
        }
        List<String> commands = command.getSubcommands().entrySet().stream()
                .filter(known ->
                        !known.getValue().getCommandSpec().usageMessage().hidden())
                .map(Map.Entry::getKey)
                .toList();
        return "unknown command \"" + word + "\"" + Suggestion.among(commands, word);
    }
}

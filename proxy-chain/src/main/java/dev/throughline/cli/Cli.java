package dev.throughline.cli;

import dev.throughline.config.IoErrorText;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** The root command: subcommands, common options and exception handling. */
@Command(
        name = "throughline",
        description = "A chained transparent proxy that never loses who opened the connection.",
        versionProvider = Cli.Version.class,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            DemoCommand.class,
            RunCommand.class,
            CheckCommand.class,
            KeysCommand.class,
            InspectCommand.class,
            RedirectCommand.class,
            PolicyCommand.class,
            FlowsCommand.class,
            WhoCommand.class,
            ReloadCommand.class,
            DoctorCommand.class,
            TrainCommand.class
        },
        footer = {
            "",
            "Run 'throughline COMMAND --help' for details of a command.",
            "Exit status: 0 ok, 1 failure, 2 usage, 3 configuration, 4 unreachable,",
            "5 not verified, 6 doctor found errors, 7 denied by policy,",
            "8 owner unknown, 9 a thread of the hop died."
        })
public final class Cli {
    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            scope = ScopeType.INHERIT,
            description = "show this help")
    boolean help;

    @Option(
            names = {"-V", "--version"},
            versionHelp = true,
            description = "show the version")
    boolean version;

    private Cli() {}

    static String version() {
        return Optional.ofNullable(Cli.class.getPackage().getImplementationVersion())
                .orElse("unpackaged");
    }

    /** Runs one command and returns its exit status. */
    public static int execute(String... arguments) {
        return PlainRun.config(arguments, System.getenv()).map(Cli::run).orElseGet(() -> parse(arguments));
    }

    private static int parse(String... arguments) {
        CommandLine line = new CommandLine(new Cli());
        line.setParameterExceptionHandler((problem, all) -> UsageError.explain(problem, System.err));
        line.setExecutionExceptionHandler((problem, command, parsed) -> failed(problem));
        return line.execute(helpAsOption(line, arguments));
    }

    /** Runs the hop of a configuration until it is stopped and returns the exit status, as {@code run --config FILE} does. */
    private static int run(Path file) {
        RunCommand command = new RunCommand();
        command.config.file = file;
        try {
            return command.call();
        } catch (Exception e) {
            return failed(e);
        }
    }

    /** Rewrites {@code help keys} to {@code keys --help}; the name of no command is reported as an unknown command. */
    private static String[] helpAsOption(CommandLine line, String[] arguments) {
        if (arguments.length == 0 || !arguments[0].equals("help")) {
            return arguments;
        }
        boolean known = arguments.length == 1 || line.getSubcommands().containsKey(arguments[1]);
        return Stream.concat(Arrays.stream(arguments).skip(1), known ? Stream.of("--help") : Stream.of())
                .toArray(String[]::new);
    }

    private static int failed(Exception problem) {
        switch (problem) {
            case CommandFailure failure -> {
                System.err.println(failure.message());
                return failure.exitCode();
            }
            case IOException io -> System.err.println(IoErrorText.withFile(io));
            default -> {
                System.err.println("throughline: internal error; its stack trace:");
                problem.printStackTrace();
            }
        }
        return ExitCode.FAILURE;
    }

    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {
                "throughline " + version() + " (Java " + Runtime.version().feature() + ", "
                        + System.getProperty("os.name") + " " + System.getProperty("os.arch") + ")"
            };
        }
    }
}

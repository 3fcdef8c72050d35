package dev.throughline.cli;

import java.io.IOException;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;

/** All commands, what they have in common, and how they fail. */
@Command(
        name = "throughline",
        description = "A chained transparent proxy that never loses who opened the connection.",
        mixinStandardHelpOptions = true,
        versionProvider = Cli.Version.class,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            DemoCommand.class,
            RunCommand.class,
            CheckCommand.class,
            KeysCommand.class,
            InspectCommand.class,
            RedirectCommand.class,
            FlowsCommand.class,
            DoctorCommand.class
        },
        footerHeading = "%nExit status: ",
        footer = "0 ok, 1 failure, 2 usage, 3 configuration, 4 unreachable, 5 not verified, 6 doctor found errors")
public final class Cli {
    private Cli() {}

    /** Runs one command and returns its exit status. */
    public static int execute(String... arguments) {
        CommandLine line = new CommandLine(new Cli());
        line.setExecutionExceptionHandler((problem, command, parsed) -> failed(problem));
        // A command that only groups others is a usage error by itself.
        line.setExecutionStrategy(parsed -> new CommandLine.RunLast().execute(parsed));
        return line.execute(arguments);
    }

    private static int failed(Exception problem) {
        switch (problem) {
            case CommandFailure failure -> {
                System.err.println(failure.message());
                return failure.exitCode();
            }
            case IOException io -> System.err.println(io.getMessage());
            default -> {
                System.err.println("throughline has a bug; this says where:");
                problem.printStackTrace();
            }
        }
        return ExitCode.FAILURE;
    }

    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = Optional.ofNullable(Cli.class.getPackage().getImplementationVersion())
                    .orElse("unpackaged");
            return new String[] {
                "throughline " + version + " (Java " + Runtime.version().feature() + ", "
                        + System.getProperty("os.name") + " " + System.getProperty("os.arch") + ")"
            };
        }
    }
}

package dev.throughline.cli;

import dev.throughline.config.IoErrorText;
import java.io.IOException;
import java.nio.file.Path;

/** Thrown when a command fails; has the message for the operator and the exit status. */
public class CommandFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int exitCode;

    public CommandFailure(int exitCode, String message) {
        super(message, null, false, false);
        this.exitCode = exitCode;
    }

    static CommandFailure unreadable(Path file, IOException problem) {
        return new CommandFailure(ExitCode.CONFIGURATION, file + ": can't be read: " + IoErrorText.of(problem));
    }

    public final int exitCode() {
        return exitCode;
    }

    public final String message() {
        return String.valueOf(getMessage());
    }
}

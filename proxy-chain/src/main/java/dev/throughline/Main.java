package dev.throughline;

import dev.throughline.cli.Cli;
import dev.throughline.report.StandardError;

/** The program. */
public final class Main {
    private Main() {}

    public static void main(String[] arguments) {
        // Other commands wait for the reader of their output; a hop must not.
        if (arguments.length > 0 && arguments[0].equals("run")) {
            StandardError.install();
        }
        System.exit(Cli.execute(arguments));
    }
}

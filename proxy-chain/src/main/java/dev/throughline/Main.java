package dev.throughline;

import dev.throughline.cli.Cli;
import dev.throughline.report.StandardError;

/** The entry point. */
public final class Main {
    private Main() {}

    public static void main(String[] arguments) {
        // A hop must not block on a slow reader of its output; other commands may.
        if (arguments.length > 0 && arguments[0].equals("run")) {
            StandardError.install();
        }
        System.exit(Cli.execute(arguments));
    }
}

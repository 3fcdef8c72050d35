package dev.throughline;

import dev.throughline.cli.Cli;

/** The program. */
public final class Main {
    private Main() {}

    public static void main(String[] arguments) {
        System.exit(Cli.execute(arguments));
    }
}

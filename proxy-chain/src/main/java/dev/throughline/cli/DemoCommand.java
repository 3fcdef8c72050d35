package dev.throughline.cli;

import dev.throughline.demo.Demo;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "demo",
        subcommands = DemoCommand.Limit.class,
        description = {
            "Run three hops that report which process opened a connection.",
            "Sends an application's connection through three hops; the last one reports who opened it. Runs in temporary network namespaces, without root where the kernel allows that."
        })
final class DemoCommand implements Callable<Integer> {
    /** In a source checkout the launcher runs this command with the tests' classes instead. */
    @Command(
            name = "limit",
            description = {
                "Show how budgets keep one application from exhausting a limited transport.",
                "Only in a source checkout: it uses an emulator of the tests."
            })
    static final class Limit implements Callable<Integer> {
        @Override
        public Integer call() {
            System.err.println("throughline: demo limit needs a source checkout: run ./throughline demo limit there");
            return ExitCode.FAILURE;
        }
    }

    @Option(
            names = "--explicit",
            description = "without interception: each hop is configured with the address of the next")
    boolean explicit;

    @Override
    public Integer call() throws IOException {
        return new Demo(System.out, explicit).play() ? ExitCode.OK : ExitCode.FAILURE;
    }
}

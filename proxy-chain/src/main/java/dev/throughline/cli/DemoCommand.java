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
            "See three hops say which process opened a connection.",
            "A real application's connection goes through three real hops, and the last one says who opened it. It runs in network namespaces that vanish with it, without root where the kernel allows that."
        })
final class DemoCommand implements Callable<Integer> {
    /** The launcher of a checkout has this command run by the tests' classes, and doesn't ask here. */
    @Command(
            name = "limit",
            description = {
                "See one application take a limited transport from all others, and budgets keep it from that.",
                "Only in a checkout: the system with the limit is an emulator of the tests."
            })
    static final class Limit implements Callable<Integer> {
        @Override
        public Integer call() {
            System.err.println(
                    "throughline: the emulator that this demo takes is in the source tree: run ./throughline demo limit there");
            return ExitCode.FAILURE;
        }
    }

    @Option(names = "--explicit", description = "without interception: each hop is told the address of the next")
    boolean explicit;

    @Override
    public Integer call() throws IOException {
        return new Demo(System.out, explicit).play() ? ExitCode.OK : ExitCode.FAILURE;
    }
}

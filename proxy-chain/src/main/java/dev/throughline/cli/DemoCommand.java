package dev.throughline.cli;

import dev.throughline.demo.Demo;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "demo",
        description = {
            "See three hops say which process opened a connection.",
            "A real application's connection goes through three real hops, and the last one says who opened it. It runs in network namespaces that vanish with it, without root where the kernel allows that."
        })
final class DemoCommand implements Callable<Integer> {
    @Option(names = "--explicit", description = "without interception: each hop is told the address of the next")
    boolean explicit;

    @Override
    public Integer call() throws IOException {
        return new Demo(System.out, explicit).play() ? ExitCode.OK : ExitCode.FAILURE;
    }
}

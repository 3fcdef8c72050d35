package dev.throughline.cli;

import dev.throughline.config.HopConfig;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(name = "check", description = "Check a configuration and the key and trust files that it names.")
final class CheckCommand implements Callable<Integer> {
    @Parameters(paramLabel = "FILE", description = "the configuration")
    Path file = Path.of("");

    @Override
    public Integer call() {
        return check(file);
    }

    static int check(Path file) {
        HopConfig config = ConfigOption.read(file);
        RunCommand.keys(config);
        System.out.println(file + ": hop " + config.name() + " is fine");
        return ExitCode.OK;
    }
}

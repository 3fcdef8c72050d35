package dev.throughline.cli;

import dev.throughline.demo.TrainingRun;
import dev.throughline.platform.linux.Privileges;
import dev.throughline.report.StandardError;
import java.io.IOException;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/**
 * The command that the build runs with {@code -XX:AOTCacheOutput}. It drops all capabilities first, so that it can't change
 * the host.
 */
@Command(
        name = "train",
        hidden = true,
        description = "Run what a new process runs first, for the AOT cache of the build.")
final class TrainCommand implements Callable<Integer> {
    @Parameters(arity = "0..1", paramLabel = "PORT", description = "be the client of a training, of this port")
    Optional<Integer> client = Optional.empty();

    @Override
    public Integer call() throws IOException {
        Privileges.keepOnly(Set.of());
        StandardError.install();
        if (client.isPresent()) {
            TrainingRun.client(client.get());
        } else {
            TrainingRun.with(Cli::execute);
        }
        return ExitCode.OK;
    }
}

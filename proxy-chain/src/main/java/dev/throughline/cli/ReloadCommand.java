package dev.throughline.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;

@Command(
        name = "reload",
        description = {
            "Reload the keys, trust and policy of a running hop.",
            "Open flows continue; new flows use what was read. If a file is invalid, the hop keeps what it had, and this"
                    + " command prints the problems and exits with 3. SIGHUP does the same, with the result in the log."
                    + " Other settings need a restart."
        })
final class ReloadCommand implements Callable<Integer> {
    @ArgGroup(multiplicity = "1")
    FlowsCommand.Target target = new FlowsCommand.Target();

    @Override
    public Integer call() {
        AdminClient.Answer answer = target.client().post("/-/reload");
        if (answer.status() != 200) {
            throw new CommandFailure(ExitCode.CONFIGURATION, answer.body().strip());
        }
        System.out.print(answer.body());
        return ExitCode.OK;
    }
}

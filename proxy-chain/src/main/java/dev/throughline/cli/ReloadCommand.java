package dev.throughline.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;

@Command(
        name = "reload",
        description = {
            "Have a running hop read its keys, trust and policy anew.",
            "No flow is lost; the next one is verified and decided by what was read. If anything is wrong with the files, the"
                    + " hop says what, goes on with what it had, and this exits with 3. SIGHUP does the same and tells the"
                    + " log. Other settings need a restart."
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

package dev.throughline.cli;

import dev.throughline.intercept.RulePlan;
import dev.throughline.intercept.RuleTables;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
        name = "redirect",
        synopsisSubcommandLabel = "COMMAND",
        description = "Show, apply or remove the interception rules.",
        subcommands = {RedirectCommand.Show.class, RedirectCommand.Apply.class, RedirectCommand.Remove.class})
final class RedirectCommand {
    @Command(name = "show", description = "Print the rules, as nft reads them, and the routes, as ip commands.")
    static final class Show implements Callable<Integer> {
        @Mixin
        ConfigOption config = new ConfigOption();

        @Override
        public Integer call() throws IOException {
            return withRules(config, plan -> System.out.print(RuleTables.show(plan)));
        }
    }

    @Command(
            name = "apply",
            description = {
                "Install the rules and routes; safe to repeat.",
                "If the hop is running, asks it to install them: it owns its rules."
            })
    static final class Apply implements Callable<Integer> {
        @Mixin
        ConfigOption config = new ConfigOption();

        @Override
        public Integer call() throws IOException {
            return withRules(config, plan -> {
                if (plan.failOpen()) {
                    System.err.println(
                            "fail-open rules exist only while the hop runs: 'throughline run' installs them");
                } else if (!byRunningHop(config, "apply", plan)) {
                    try (RuleTables tables =
                            new RuleTables(config.read().interception().ownedTable())) {
                        tables.apply(plan);
                    }
                    System.out.println("applied: table inet throughline-" + plan.hop());
                }
            });
        }
    }

    @Command(
            name = "remove",
            description = {
                "Remove the rules and routes, if there are any.",
                "If the hop is running, asks it to remove them; it is not ready until they are applied again."
            })
    static final class Remove implements Callable<Integer> {
        @Mixin
        ConfigOption config = new ConfigOption();

        @Override
        public Integer call() throws IOException {
            return withRules(config, plan -> {
                if (!byRunningHop(config, "remove", plan)) {
                    try (RuleTables tables =
                            new RuleTables(config.read().interception().ownedTable())) {
                        tables.remove(plan);
                    }
                    System.out.println("removed: table inet throughline-" + plan.hop());
                }
            });
        }
    }

    /** Sends the command to the running hop, if there is one: only the owner of a table can change it. */
    private static boolean byRunningHop(ConfigOption config, String verb, RulePlan plan) {
        Path socket = config.read().admin().socket();
        Optional<AdminClient.Answer> answer = new AdminClient(socket).postIfRunning("/-/redirect/" + verb);
        if (answer.isEmpty()) {
            return false;
        }
        if (answer.get().status() != 200) {
            throw new CommandFailure(
                    ExitCode.FAILURE, socket + ": " + answer.get().body().strip());
        }
        String table = "table inet throughline-" + plan.hop();
        System.out.println((verb.equals("apply") ? "applied" : "removed") + " by the running hop: " + table);
        if (!answer.get().body().equals(RuleTables.show(plan))) {
            System.err.println("the running hop has other rules than " + config.file + ": restart it to use these");
        }
        return true;
    }

    private interface Action {
        void on(RulePlan plan) throws IOException;
    }

    private static int withRules(ConfigOption config, Action action) throws IOException {
        Optional<RulePlan> plan = config.rules();
        if (plan.isPresent()) {
            action.on(plan.get());
        } else {
            System.err.println(config.file + ": this hop intercepts nothing and needs no rules");
        }
        return ExitCode.OK;
    }
}

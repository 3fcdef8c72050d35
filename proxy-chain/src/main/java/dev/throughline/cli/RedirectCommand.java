package dev.throughline.cli;

import dev.throughline.intercept.RulePlan;
import dev.throughline.intercept.RuleTables;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
        name = "redirect",
        synopsisSubcommandLabel = "COMMAND",
        description = "Show, apply or remove the nft rules that intercept.",
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

    @Command(name = "apply", description = "Install the rules and routes; the same again changes nothing.")
    static final class Apply implements Callable<Integer> {
        @Mixin
        ConfigOption config = new ConfigOption();

        @Override
        public Integer call() throws IOException {
            return withRules(config, plan -> {
                if (plan.failOpen()) {
                    System.err.println(
                            "rules that fail open live as long as the hop: 'throughline run' installs them itself");
                } else {
                    new RuleTables().apply(plan);
                    System.out.println("applied: table inet throughline-" + plan.hop());
                }
            });
        }
    }

    @Command(name = "remove", description = "Remove the rules and routes; nothing happens when there are none.")
    static final class Remove implements Callable<Integer> {
        @Mixin
        ConfigOption config = new ConfigOption();

        @Override
        public Integer call() throws IOException {
            return withRules(config, plan -> {
                new RuleTables().remove(plan);
                System.out.println("removed: table inet throughline-" + plan.hop());
            });
        }
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

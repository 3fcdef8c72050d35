package dev.throughline.cli;

import dev.throughline.config.HopConfig;
import dev.throughline.policy.Decision;
import dev.throughline.policy.Outcome;
import dev.throughline.policy.Policy;
import dev.throughline.policy.PolicyRequest;
import dev.throughline.policy.PolicyRule;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
        name = "policy",
        synopsisSubcommandLabel = "COMMAND",
        description = "Test the policy of a configuration.",
        subcommands = PolicyCommand.Test.class)
final class PolicyCommand {
    private PolicyCommand() {}

    @Command(
            name = "test",
            abbreviateSynopsis = true,
            description = {
                "Show which rule a flow matches, and why earlier rules don't.",
                "Facts that are not given are unknown. Exits with 0 if the flow is allowed, with 7 if it is denied."
            })
    static final class Test implements Callable<Integer> {
        @Mixin
        ConfigOption config = new ConfigOption();

        @Mixin
        FlowQuery flow = new FlowQuery();

        @Override
        public Integer call() {
            HopConfig hop = config.read();
            PolicyRequest request = flow.request(hop.identity().host());
            if (hop.routing().policy().rules().isEmpty()) {
                System.out.println("allowed: the configuration has no policy");
                return ExitCode.OK;
            }
            hop.routing().policy().explain(request).forEach(step -> System.out.println(text(step)));
            Decision decision = hop.routing().policy().decide(request);
            if (decision.outcome() instanceof Outcome.Deny) {
                System.out.println("denied"
                        + decision.notKnown()
                                .map(_ -> ": rule " + decision.rule().orElseThrow() + " may match")
                                .orElse(""));
                return ExitCode.DENIED_BY_POLICY;
            }
            System.out.println("allowed");
            return ExitCode.OK;
        }

        private static String text(Policy.Step step) {
            PolicyRule rule = step.rule();
            String name = "  " + rule.name() + " (" + rule.then() + "): ";
            return name
                    + switch (step.match()) {
                        case PolicyRule.Match.Yes yes -> "yes";
                        case PolicyRule.Match.Unsure(String why) ->
                            rule.passesUnknown() ? "no, " + why + " (if-unknown: next)" : "may match, " + why;
                        case PolicyRule.Match.No no -> "no, " + no.why() + passes(rule, no);
                    };
        }

        /** Returns a hint for the author of a deny rule that an unknown fact keeps from matching. */
        private static String passes(PolicyRule rule, PolicyRule.Match.No no) {
            return no.open() && rule.then() instanceof Outcome.Deny ? "; this rule may deny if it were known" : "";
        }
    }
}

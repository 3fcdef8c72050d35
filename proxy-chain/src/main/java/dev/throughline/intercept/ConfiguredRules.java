package dev.throughline.intercept;

import com.google.common.collect.ImmutableList;
import dev.throughline.config.HopConfig;
import dev.throughline.config.ListenerConfig;
import dev.throughline.config.RouteConfig;
import dev.throughline.originator.InterceptionMethod;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** The rules that a configuration describes. */
public final class ConfiguredRules {
    private static final String CGROUPS =
            Files.exists(Path.of("/sys/fs/cgroup/unified/cgroup.procs")) ? RuleText.HYBRID : "";

    private ConfiguredRules() {}

    /** Returns the rules for {@code config}; empty if it has no intercepting listener and no guarded next hop. */
    public static Optional<RulePlan> of(HopConfig config) {
        // Captures of previous hops come before captures of applications.
        List<CaptureRule> captures = config.listeners().stream()
                .filter(ListenerConfig.Intercepting.class::isInstance)
                .map(ListenerConfig.Intercepting.class::cast)
                .sorted(Comparator.comparing(listener -> !listener.requiresHeader()))
                .map(ConfiguredRules::capture)
                .toList();
        boolean guard = config.routing().allRoutes().stream().anyMatch(RouteConfig.HopByInterception.class::isInstance);
        return captures.isEmpty() && !guard
                ? Optional.empty()
                : Optional.of(new RulePlan(
                        config.identity().name(),
                        config.marks().own(),
                        config.marks().later(),
                        ImmutableList.copyOf(captures),
                        guard,
                        config.failOpen(),
                        config.interception().markUids()));
    }

    private static CaptureRule capture(ListenerConfig.Intercepting listener) {
        InterceptionMethod method = switch (listener.by()) {
            case TPROXY -> InterceptionMethod.TPROXY;
            case REDIRECT -> InterceptionMethod.REDIRECT;
        };
        CaptureRule.Match match = switch (listener) {
            case ListenerConfig.Apps apps -> apps(apps.capture());
            case ListenerConfig.PreviousHop hop ->
                new CaptureRule.PreviousHop(
                        hop.previous().mark(), hop.previous().uid());
        };
        return new CaptureRule(listener.name(), method, listener.port(), match);
    }

    private static CaptureRule.Apps apps(ListenerConfig.Capture capture) {
        return new CaptureRule.Apps(
                capture.ports(),
                capture.destinations(),
                capture.uids(),
                new CaptureRule.Exceptions(
                        capture.except().destinations(),
                        capture.except().uids(),
                        capture.except().cgroups().stream()
                                .map(path -> CGROUPS + path)
                                .collect(ImmutableList.toImmutableList()),
                        capture.except().devices(),
                        capture.except().marks().stream()
                                .map(mark -> new CaptureRule.MarkMatch(mark.value(), mark.mask()))
                                .collect(ImmutableList.toImmutableList())),
                capture.udp() == ListenerConfig.Udp.REFUSE);
    }
}

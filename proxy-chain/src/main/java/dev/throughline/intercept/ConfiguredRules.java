package dev.throughline.intercept;

import com.google.common.collect.ImmutableList;
import dev.throughline.config.HopConfig;
import dev.throughline.config.ListenerConfig;
import dev.throughline.config.RouteConfig;
import dev.throughline.originator.Way;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** What a configuration asks of the kernel. */
public final class ConfiguredRules {
    private static final String CGROUPS =
            Files.exists(Path.of("/sys/fs/cgroup/unified/cgroup.procs")) ? RuleText.HYBRID : "";

    private ConfiguredRules() {}

    /** The rules that {@code config} means; empty if it intercepts nothing and guards nothing. */
    public static Optional<RulePlan> of(HopConfig config) {
        // What is known to be the previous hop's is taken by the chain listener, before the applications' listener
        // looks.
        List<Capture> captures = config.listeners().stream()
                .filter(ListenerConfig.Intercepting.class::isInstance)
                .map(ListenerConfig.Intercepting.class::cast)
                .sorted(Comparator.comparing(listener -> !listener.requiresHeader()))
                .map(ConfiguredRules::capture)
                .toList();
        boolean guard = config.allRoutes().stream().anyMatch(RouteConfig.HopByInterception.class::isInstance);
        return captures.isEmpty() && !guard
                ? Optional.empty()
                : Optional.of(new RulePlan(
                        config.name(),
                        config.mark(),
                        config.laterMarks(),
                        ImmutableList.copyOf(captures),
                        guard,
                        config.failOpen(),
                        config.interception().markUids()));
    }

    private static Capture capture(ListenerConfig.Intercepting listener) {
        Way way = switch (listener.by()) {
            case TPROXY -> Way.TPROXY;
            case REDIRECT -> Way.REDIRECT;
        };
        Capture.Match match = switch (listener) {
            case ListenerConfig.Apps apps -> apps(apps.capture());
            case ListenerConfig.PreviousHop hop ->
                new Capture.PreviousHop(hop.previous().mark(), hop.previous().uid());
        };
        return new Capture(listener.name(), way, listener.port(), match);
    }

    private static Capture.Apps apps(ListenerConfig.Capture capture) {
        return new Capture.Apps(
                capture.ports(),
                capture.destinations(),
                capture.uids(),
                new Capture.Exceptions(
                        capture.except().destinations(),
                        capture.except().uids(),
                        capture.except().cgroups().stream()
                                .map(path -> CGROUPS + path)
                                .collect(ImmutableList.toImmutableList()),
                        capture.except().devices(),
                        capture.except().marks().stream()
                                .map(mark -> new Capture.MarkMatch(mark.value(), mark.mask()))
                                .collect(ImmutableList.toImmutableList())),
                capture.udp() == ListenerConfig.Udp.REFUSE);
    }
}
